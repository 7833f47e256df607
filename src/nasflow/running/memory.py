"""How much memory this process takes."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_memory() -> int | None:
    """Most bytes of memory this process has held so far, or None where the system does not tell."""
    status = Path("/proc/self/status")
    # first what Linux says of this process alone: its getrusage begins with the peak of the process
    # that started this one
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # bytes on macOS, kilobytes on every other system
    return peak if sys.platform == "darwin" else peak * 1024
