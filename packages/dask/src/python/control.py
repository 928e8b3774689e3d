"""The scheduler's control port: what daskup's core needs, on one port, over mutual TLS.

Dask's own HTTP API asks no client certificate, so none of its routes are served; these are.
"""

import asyncio
import json
import os
import ssl
from collections import Counter
from time import time

from distributed.core import Status
from distributed.diagnostics.plugin import SchedulerPlugin
from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler

HERE = os.environ["DASKUP_DIR"]
# What the boot script is told: where this process may write.
WORK = os.environ["DASKUP_WORK"]
# The name that daskup proves by its certificate. A machine of the cluster has a certificate of the same authority, and
# no business here.
CLIENT = ("DNS", "client.daskup.internal")
# A worker may tell how it booted and ended, and nothing else.
WORKER = ("DNS", "worker.daskup.internal")
LOG_BYTES = 8000
LOGS = 5000
# The names of more workers than a scheduler can have.
BODY_BYTES = 1_000_000


def set_deadline(expires_at):
    """Moves the end that the boot script watches for; milliseconds since 1970. Whole or not at all."""
    path = os.path.join(WORK, "deadline")
    with open(path + ".new", "w") as file:
        file.write(str(int(expires_at) // 1000))
    os.replace(path + ".new", path)


def end(scheduler, reason):
    """Closes the scheduler; the boot script tells the reason and ends the machine."""
    with open(os.path.join(WORK, "reason"), "w") as file:
        file.write(reason)
    return scheduler.close(reason=reason)


def idle_seconds(scheduler):
    """Seconds without a task; None while one runs or waits to run."""
    if scheduler.queued or scheduler.unrunnable or any(w.processing for w in scheduler.workers.values()):
        return None
    since = scheduler.check_idle()
    return 0 if since is None else time() - since


async def watch(scheduler, join_seconds, idle_limit):
    """Ends a scheduler of no use to anyone: nobody joined it, or nobody has given it work."""
    started, joined = time(), False
    while True:
        await asyncio.sleep(1)
        joined = joined or bool(scheduler.workers)
        if not joined and time() - started > join_seconds:
            return await end(scheduler, f"no worker joined within {join_seconds:.0f} s")
        if joined and (idle_seconds(scheduler) or 0) > idle_limit:
            return await end(scheduler, f"idle for {idle_limit:.0f} s")


logs = {}  # machine -> the end of what it printed; the one that spoke last is the last one
taken = {}  # worker -> when its cloud takes its machine back; seconds since 1970


def keep_log(name, text):
    logs.pop(name, None)
    logs[name] = text[-LOG_BYTES:]
    while len(logs) > LOGS:
        del logs[next(iter(logs))]


def keep_taken(name, at):
    taken[name] = at


def own_log():
    try:
        with open(os.path.join(HERE, "boot.log"), "rb") as file:
            file.seek(max(0, os.path.getsize(file.name) - LOG_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


class Control(RequestHandler):
    admits = CLIENT

    def initialize(self, scheduler):
        self.scheduler = scheduler

    def prepare(self):
        if self.admits not in self.request.get_ssl_certificate().get("subjectAltName", ()):
            raise HTTPError(403)

    def write_error(self, status_code, **kwargs):
        self.finish({"error": self._reason})


class StatusHandler(Control):
    heard = {}  # worker address, or "scheduler" -> the deadline it was told
    telling = None

    async def post(self):
        scheduler = self.scheduler
        expires_at = json.loads(self.request.body)["expires_at"]
        # Aside, since a worker that hangs must not keep the status from its reader.
        if StatusHandler.telling is None or StatusHandler.telling.done():
            StatusHandler.telling = asyncio.ensure_future(self.tell_deadline(expires_at))
        self.finish(
            {
                "workers": [
                    {
                        "name": str(w.name),
                        "leaving": w.status in (Status.closing_gracefully, Status.closing, Status.closed),
                        "processing": len(w.processing),
                        "bytes": w.nbytes,
                    }
                    for w in scheduler.workers.values()
                ],
                # The scheduler counts itself as a client, under a name that begins so.
                "clients": sum(not key.startswith("fire-and-forget") for key in scheduler.clients),
                "idleSeconds": idle_seconds(scheduler),
                "adaptiveTarget": scheduler.adaptive_target(),
                "taken": {name: int(at * 1000) for name, at in taken.items()},
                "tasks": Counter(task.state for task in scheduler.tasks.values()),
            }
        )

    async def tell_deadline(self, expires_at):
        workers = set(self.scheduler.workers)
        if self.heard.get("scheduler") != expires_at:
            set_deadline(expires_at)
            self.heard["scheduler"] = expires_at
        new = [address for address in workers if self.heard.get(address) != expires_at]
        if new:
            message = {"op": "daskup_deadline", "expires_at": expires_at}
            answers = await self.scheduler.broadcast(msg=message, workers=new, on_error="return")
            self.heard.update({address: expires_at for address, answer in answers.items() if answer == "OK"})


class ChangeHandler(Control):
    async def post(self):
        workers = json.loads(self.request.body)["workers"]
        if len(self.scheduler.workers) == workers:
            await asyncio.wait([self.scheduler.plugins[Changes.name].next], timeout=2)
        self.finish({})


class LogHandler(Control):
    admits = WORKER

    async def post(self, name):
        keep_log(name, self.request.body.decode(errors="replace"))
        self.finish({})


class LogsHandler(Control):
    async def post(self):
        names = json.loads(self.request.body)["names"]
        known = {**logs, os.environ["DASKUP_ID"]: own_log()}
        self.finish({"logs": {name: known[name] for name in names if name in known}})


class Changes(SchedulerPlugin):
    """Tells everyone who waits for it that a worker has come or gone."""

    name = "daskup-changes"

    def __init__(self):
        self.next = asyncio.get_running_loop().create_future()

    def add_worker(self, scheduler, worker):
        self.next.set_result(None)
        self.next = asyncio.get_running_loop().create_future()

    def remove_worker(self, scheduler, worker, **kwargs):
        self.add_worker(scheduler, worker)


class RetireHandler(Control):
    leaving = {}  # worker name -> the task that empties it

    async def post(self):
        names = [name for name in json.loads(self.request.body)["names"] if name not in self.leaving]
        # Aside, since results move for as long as they are large. Who is leaving shows in the status.
        task = asyncio.ensure_future(self.retire(names))
        self.leaving.update(dict.fromkeys(names, task))
        self.finish({})

    async def retire(self, names):
        try:
            await self.scheduler.retire_workers(names=names, close_workers=True, remove=True, stimulus_id=f"daskup-{time()}")
        finally:
            for name in names:
                self.leaving.pop(name, None)


async def dask_setup(scheduler):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=os.path.join(HERE, "ca.pem"))
    tls.load_cert_chain(os.path.join(HERE, "cert.pem"), os.path.join(HERE, "key.pem"))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    scheduler.add_plugin(Changes())
    scheduler.handlers.update(daskup_log=keep_log, daskup_taken=keep_taken)
    routes = [
        ("/status", StatusHandler),
        ("/change", ChangeHandler),
        ("/retire", RetireHandler),
        (r"/log/([\w.-]{1,64})", LogHandler),
        ("/logs", LogsHandler),
    ]
    application = Application([(path, handler, {"scheduler": scheduler}) for path, handler in routes])
    server = HTTPServer(application, ssl_options=tls, max_body_size=BODY_BYTES)
    server.listen(int(os.environ["DASKUP_CONTROL_PORT"]), os.environ["DASKUP_ADDRESS"])
    # The server may be down: it acts at the limit, the machine itself a minute later.
    idle_limit = float(os.environ["DASKUP_IDLE_SECONDS"]) + 60
    join_seconds = float(os.environ["DASKUP_JOIN_SECONDS"])
    scheduler.daskup = server, asyncio.ensure_future(watch(scheduler, join_seconds, idle_limit))
