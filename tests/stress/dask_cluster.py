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
    """A scheduler, its workers, and a client that looks at them.

    Attributes
    ----------
    address : str
        Of the scheduler.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        contact, self._folder, self._stack = folder / "scheduler.json", folder, stack
        scheduler = ["scheduler", *LOCAL, "--port", "0", "--scheduler-file", str(contact)]
        stack.enter_context(_started(folder / "scheduler.log", *scheduler))
        self._workers: list[subprocess.Popen] = []
        wait_until(lambda: contact.exists() and contact.read_text(), "the scheduler")
        self.address = json.loads(contact.read_text())["address"]
        client = Client(self.address, timeout=PATIENCE, set_as_default=False)
        self._client = stack.enter_context(client)

    def add_workers(self, n: int) -> None:
        """Start workers of one thread, and wait for them."""
        wanted = self.n_workers() + n
        for number in range(len(self._workers), len(self._workers) + n):
            flags = ["worker", self.address, *LOCAL, "--nthreads", "1", "--no-nanny"]
            flags += ["--memory-limit", "0", "--local-directory", str(self._folder)]
            process = _started(self._folder / f"worker{number}.log", *flags)
            self._workers.append(self._stack.enter_context(process))
        wait_until(lambda: self.n_workers() == wanted, "the workers")

    def kill_a_working_one(self, is_over: Callable[[], bool]) -> None:
        """SIGKILL to a worker that has done a task and is at another one."""
        first: dict[str, set[str]] = {}

        def victims() -> list[str]:
            assert not is_over(), "the work was over before a worker could be killed"
            now = {name: set(keys) for name, keys in self._client.processing().items() if keys}
            for name, keys in now.items():
                first.setdefault(name, keys)
            return [name for name, keys in now.items() if first[name] - keys]

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
    with ExitStack() as stack:
        cluster = DaskCluster(folder, stack)
        cluster.add_workers(n_workers)
        yield cluster
