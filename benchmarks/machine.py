"""What numbers of speed depend on: processor, memory, versions, threads, load."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("torch", "numpy", "viennarna", "stable-baselines3", "gymnasium")


def machine_facts() -> dict[str, str]:
    """Facts by name, as text for people."""
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{memory_gb():.0f} GB",
        "system": platform.platform(terse=True),
        "versions": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "threads": f"1 (OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')}, "
        "torch.set_num_threads(1))",
        "load at the start": ", ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def processor() -> str:
    """Name of the processor, as Linux gives it; elsewhere its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_gb() -> float:
    """Memory of the machine in GB (10^9 bytes)."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
