"""Who works on a trial, and whether they still live."""

import os
import socket
import uuid
from collections.abc import Mapping
from typing import Any

__all__ = ["is_dead", "whoami"]

_TOKEN = "worker_token"
_SAME_START_SECONDS = 2.0
_OWN = uuid.uuid4().hex


def whoami() -> dict[str, Any]:
    """This process, as user attributes of the trials it runs."""
    import psutil

    started = psutil.Process().create_time()
    return {"worker_host": socket.gethostname(), "worker_pid": os.getpid(), "worker_started": started, _TOKEN: _OWN}


def is_dead(worker: Mapping[str, Any], age_hours: float, dead_after_hours: float) -> bool:
    """Whether the process behind a trial's attributes is gone.

    On this machine that is known: by process id and start time, since ids are used again. A process of another
    machine cannot be looked at: it counts as dead once its trial has been open for `dead_after_hours`. A trial
    without attributes is nobody's.
    """
    import psutil

    if "worker_host" not in worker:
        return True
    if worker["worker_host"] != socket.gethostname():
        return age_hours > dead_after_hours
    if worker["worker_pid"] == os.getpid():
        return bool(worker.get(_TOKEN) != _OWN)
    try:
        process = psutil.Process(worker["worker_pid"])
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        return abs(process.create_time() - worker["worker_started"]) > _SAME_START_SECONDS
    except psutil.NoSuchProcess:
        return True
