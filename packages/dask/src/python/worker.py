"""The worker's side: hears the deadline, and on a spot notice moves its results away before the machine goes."""

import asyncio
import os

from distributed.core import Status

HERE = os.environ["DASKUP_DIR"]
NOTICE = os.environ.get("DASKUP_NOTICE", "")


async def set_deadline(expires_at):
    path = os.path.join(HERE, "deadline")
    with open(path + ".new", "w") as file:
        file.write(str(int(expires_at) // 1000))
    os.replace(path + ".new", path)
    return "OK"


async def mark_joined(worker):
    while worker.status != Status.running:
        await asyncio.sleep(0.5)
    open(os.path.join(HERE, "joined"), "w").close()


async def watch_notice(worker):
    path = NOTICE.removeprefix("file:")
    while not os.path.exists(path):
        await asyncio.sleep(0.5)
    print("daskup: spot notice: moving results to other workers", flush=True)
    with open(os.path.join(HERE, "reason"), "w") as file:
        file.write("spot reclaim")
    await worker.close_gracefully(restart=False, reason="spot-notice")


async def dask_setup(worker):
    worker.handlers["daskup_deadline"] = set_deadline
    worker.daskup = [asyncio.ensure_future(mark_joined(worker))]
    if NOTICE:
        worker.daskup.append(asyncio.ensure_future(watch_notice(worker)))
