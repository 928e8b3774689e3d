"""The worker's side: hears the deadline, and on a spot notice moves its results away before the machine goes."""

import asyncio
import os
import urllib.request

from distributed.core import Status

# What the boot script is told: where this process may write.
WORK = os.environ["DASKUP_WORK"]
NOTICE = os.environ.get("DASKUP_NOTICE", "")


async def set_deadline(expires_at):
    path = os.path.join(WORK, "deadline")
    with open(path + ".new", "w") as file:
        file.write(str(int(expires_at) // 1000))
    os.replace(path + ".new", path)
    return "OK"


async def mark_joined(worker):
    while worker.status != Status.running:
        await asyncio.sleep(0.5)
    open(os.path.join(WORK, "joined"), "w").close()


def has_notice_on_ec2():
    """Asks EC2's metadata service, version 2: there is nothing there until the machine is to go."""
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ask = urllib.request.Request(NOTICE + "/latest/api/token", method="PUT")
    ask.add_header("X-aws-ec2-metadata-token-ttl-seconds", "60")
    try:
        token = no_proxy.open(ask, timeout=2).read().decode()
        look = urllib.request.Request(NOTICE + "/latest/meta-data/spot/instance-action")
        look.add_header("X-aws-ec2-metadata-token", token)
        no_proxy.open(look, timeout=2).close()
        return True
    except OSError:
        return False


async def has_notice():
    if NOTICE.startswith("file:"):
        await asyncio.sleep(0.5)
        return os.path.exists(NOTICE.removeprefix("file:"))
    await asyncio.sleep(5)
    return await asyncio.to_thread(has_notice_on_ec2)


async def watch_notice(worker):
    while not await has_notice():
        pass
    print("daskup: spot notice: moving results to other workers", flush=True)
    with open(os.path.join(WORK, "reason"), "w") as file:
        file.write("spot reclaim")
    await worker.close_gracefully(restart=False, reason="spot-notice")


async def dask_setup(worker):
    worker.handlers["daskup_deadline"] = set_deadline
    worker.daskup = [asyncio.ensure_future(mark_joined(worker))]
    if NOTICE:
        worker.daskup.append(asyncio.ensure_future(watch_notice(worker)))
