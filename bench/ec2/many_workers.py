"""Real Dask workers of many machines in one process, since a process each does not fit on one computer.

Each line that comes in names a machine that has booted. Its worker listens at the machine's address under the machine's
name and joins the machine's scheduler with the certificates in a folder, as a process of its own would.
"""

import asyncio
import json
import logging
import sys
import tempfile

import dask

# Each worker would watch the process for itself.
dask.config.set(
    {
        "distributed.admin.system-monitor.interval": "60s",
        "distributed.admin.tick.interval": "60s",
        "distributed.admin.tick.limit": "600s",
        "distributed.comm.timeouts.connect": "300s",
        "distributed.worker.http.routes": [],
        "distributed.worker.profile.enabled": False,
    }
)

from distributed import Worker  # noqa: E402
from distributed.security import Security  # noqa: E402


async def heard(expires_at):
    """daskup tells its workers until when they may live."""
    return "OK"


async def join(name, host, scheduler, folder, scratch):
    security = Security(
        require_encryption=True,
        tls_ca_file=f"{folder}/ca.pem",
        tls_worker_cert=f"{folder}/cert.pem",
        tls_worker_key=f"{folder}/key.pem",
    )
    worker = Worker(
        f"tls://{scheduler}:8786",
        name=name,
        host=host,
        security=security,
        nthreads=1,
        memory_limit=0,
        dashboard=False,
        local_directory=scratch,
    )
    worker.handlers["daskup_deadline"] = heard
    await worker
    await worker.finished()


async def main():
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    workers = set()
    with tempfile.TemporaryDirectory() as scratch:
        while line := await reader.readline():
            workers.add(asyncio.ensure_future(join(**json.loads(line), scratch=scratch)))
        for worker in workers:
            worker.cancel()


asyncio.run(main())
