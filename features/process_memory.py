"""Memory of the running process, as Linux tells it."""

from pathlib import Path
from typing import Literal

_NAMES = {"now": "VmRSS", "peak": "VmHWM"}


def process_megabytes(which: Literal["now", "peak"]) -> float:
    """Resident memory of this process in MB (2^20 bytes); nan where the system does not tell.

    Unlike ``ru_maxrss``, the peak holds nothing of the process that started this one.

    Examples
    --------
    >>> not process_megabytes("now") > process_megabytes("peak")
    True
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    values = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(values[_NAMES[which]].split()[0]) / 1024
