"""How much memory this process takes, and whether it was too little."""

from __future__ import annotations

import sys
from pathlib import Path


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that there is no memory left, by the name that its library has for it.

    Example:
        >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("no such device"))
        (True, False)
    """
    # torch has one class on a GPU and a text on the CPU, and need not be loaded here
    names = {kind.__name__ for kind in type(error).__mro__}
    is_of_torch = "OutOfMemoryError" in names or "can't allocate memory" in str(error)
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and is_of_torch)


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
