"""Whose a training is, and whether that process still lives.

An owner is written `host pid started`: a process id alone comes back for another process one day.
On the same host the system is asked; of another one (a container that shares the file) the last
heartbeat must be young.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

HEARTBEAT_SECONDS = 10.0
LEASE_SECONDS = 60.0  # six heartbeats: a busy machine may miss a few


def this_process() -> str:
    """The name of this process as an owner."""
    return f"{socket.gethostname()} {os.getpid()} {_started(os.getpid())}"


def is_alive(owner: str, heartbeat: float) -> bool:
    """Whether the process that `owner` names still runs, as far as can be known.

    Args:
        owner: what `this_process` gave there.
        heartbeat: Unix time of its last sign of life.
    """
    host, pid, started = owner.split(" ")
    if host == socket.gethostname() and started != "?":
        return _started(int(pid)) == started
    return time.time() - heartbeat < LEASE_SECONDS


def _started(pid: int) -> str:
    """A process's start, in ticks since boot; `?` where it is not told, `-` if there is none."""
    if not Path("/proc/self/stat").exists():
        return "?"
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return "-"
    # the command's name, in brackets, may hold anything; state is the first field behind it, the
    # start the 20th
    fields = text.rpartition(")")[2].split()
    has_ended = fields[0] in "ZX"  # a zombie keeps its id until its parent asks after it
    return "-" if has_ended else fields[19]
