"""Memory of a process, as Linux tells it."""

from pathlib import Path
from typing import Literal

_NAMES = {"now": "VmRSS", "peak": "VmHWM"}


def process_megabytes(which: Literal["now", "peak"], pid: int | str = "self") -> float:
    """Resident memory of a process in MB (2^20 bytes); nan where the system does not tell.

    Unlike ``ru_maxrss``, the peak holds nothing of the process that started this one.

    Examples
    --------
    >>> not process_megabytes("now") > process_megabytes("peak")
    True
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # another system, or the process is gone
        return float("nan")
    values = dict(line.split(":", 1) for line in lines)
    kilobytes = values.get(_NAMES[which], "nan")  # a process that has just ended holds nothing
    return float(kilobytes.split()[0]) / 1024
