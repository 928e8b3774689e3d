"""The worker's side: hears the deadline, tells how it booted, and on a spot notice moves its results away before the machine goes."""

import asyncio
import json
import os
import urllib.request
from contextlib import suppress
from datetime import datetime
from time import time

from distributed.core import Status

LOG = os.path.join(os.environ["DASKUP_DIR"], "boot.log")
LOG_BYTES = 8000
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
    try:
        with open(LOG, "rb") as file:
            file.seek(max(0, os.path.getsize(LOG) - LOG_BYTES))
            log = file.read().decode(errors="replace")
    except OSError:
        return
    with suppress(OSError):
        await worker.scheduler.daskup_log(name=worker.name, text=log)


def notice_on_ec2():
    """When EC2 takes the machine back, seconds since 1970; None while it does not. Its metadata service, version 2, has nothing there before."""
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ask = urllib.request.Request(NOTICE + "/latest/api/token", method="PUT")
    ask.add_header("X-aws-ec2-metadata-token-ttl-seconds", "60")
    try:
        token = no_proxy.open(ask, timeout=2).read().decode()
        look = urllib.request.Request(NOTICE + "/latest/meta-data/spot/instance-action")
        look.add_header("X-aws-ec2-metadata-token", token)
        notice = no_proxy.open(look, timeout=2).read()
    except OSError:
        return None
    try:
        return datetime.fromisoformat(json.loads(notice)["time"]).timestamp()
    except (ValueError, KeyError, TypeError):
        return time() + 120


async def notice_in_file():
    """Who takes the machine back there has said all with the file."""
    path = NOTICE.removeprefix("file:")
    while not os.path.exists(path):
        await asyncio.sleep(0.5)


async def notice_of_cloud(worker):
    """To a cloud the machine is left until it takes it; the scheduler tells daskup to leave it alone too."""
    taken = None
    while taken is None:
        await asyncio.sleep(5)
        taken = await asyncio.to_thread(notice_on_ec2)
    with open(os.path.join(WORK, "taken"), "w") as file:
        file.write(f"{int(taken)}\n")
    with suppress(OSError):
        await worker.scheduler.daskup_taken(name=worker.name, at=taken)


async def watch_notice(worker):
    await (notice_in_file() if NOTICE.startswith("file:") else notice_of_cloud(worker))
    print("daskup: spot notice: moving results to other workers", flush=True)
    with open(os.path.join(WORK, "reason"), "w") as file:
        file.write("spot reclaim")
    await worker.close_gracefully(restart=False, reason="spot-notice")


async def dask_setup(worker):
    worker.handlers["daskup_deadline"] = set_deadline
    worker.daskup = [asyncio.ensure_future(mark_joined(worker))]
    if NOTICE:
        worker.daskup.append(asyncio.ensure_future(watch_notice(worker)))
