"""A real Dask scheduler with worker processes on 127.0.0.1, for the tests of ``--cluster``."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client

PATIENCE = 120  # seconds; more than a busy machine needs
LOCAL = ["--host", "127.0.0.1", "--no-dashboard"]


def wait_until(happened: Callable[[], object], what: str) -> None:
    """Poll until something happens."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE} s"
        time.sleep(0.01)


@contextmanager
def _started(log: Path, *flags: str) -> Iterator[subprocess.Popen]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with open(log, "w") as output:
        command = [sys.executable, "-m", "dask", *flags]
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class DaskCluster:
    """A scheduler, its workers by address, and a client that looks at them."""

    def __init__(self, address: str, client: Client, workers: list[subprocess.Popen]) -> None:
        self.address, self._client, self._workers = address, client, workers

    def kill_a_working_one(self, is_over: Callable[[], bool]) -> None:
        """SIGKILL to a worker that has done a task and is at another one."""
        first: dict[str, set[str]] = {}

        def victims() -> list[str]:
            assert not is_over(), "the work was over before a worker could be killed"
            now = {name: set(keys) for name, keys in self._client.processing().items()}
            for name, keys in now.items():
                first.setdefault(name, keys) if keys else None
            return [n for n, keys in now.items() if keys and n in first and first[n] - keys]

        wait_until(victims, "a worker at its second task")
        pids = self._client.run(os.getpid)
        victim = next(w for w in self._workers if w.pid == pids[victims()[0]])
        victim.kill()
        victim.wait()

    def n_workers(self) -> int:
        """Workers that the scheduler has contact with."""
        return len(self._client.ncores())


@contextmanager
def dask_cluster(folder: Path, n_workers: int = 2) -> Iterator[DaskCluster]:
    """Start scheduler and workers; they end with the block."""
    contact = folder / "scheduler.json"
    scheduler = ["scheduler", *LOCAL, "--port", "0", "--scheduler-file", str(contact)]
    worker = ["worker", *LOCAL, "--nthreads", "1", "--no-nanny", "--memory-limit", "0"]
    worker += ["--scheduler-file", str(contact), "--local-directory", str(folder)]
    with ExitStack() as stack:
        stack.enter_context(_started(folder / "scheduler.log", *scheduler))
        workers = [
            stack.enter_context(_started(folder / f"worker{k}.log", *worker))
            for k in range(n_workers)
        ]
        wait_until(contact.exists, "the scheduler")
        wait_until(contact.read_text, "its file")
        address = json.loads(contact.read_text())["address"]
        client = stack.enter_context(Client(address, timeout=PATIENCE, set_as_default=False))
        client.wait_for_workers(n_workers, timeout=PATIENCE)
        yield DaskCluster(address, client, workers)
