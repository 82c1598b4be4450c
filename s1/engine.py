"""Where work is done: in this process, in several on this machine, or on a Dask cluster.

A function is mapped over chunks of work, and its results come back in order, as a stream: of work
without end only a window is in flight. What is computed doesn't depend on where, nor on how many
compute it.
"""

import hashlib
import os
import pickle
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from boxfold.features.errors import InputError

Chunk = TypeVar("Chunk")
Found = TypeVar("Found")

WINDOW = 8
"""Chunks in flight for each process: their results wait in memory for those before them."""

_ALONE = threading.Lock()
"""ViennaRNA's parameters and the solver's output are the whole process's: one task at a time."""


@dataclass(frozen=True)
class EngineConfig:
    """Where work is done."""

    jobs: int = field(default=1, metadata={"help": "worker processes; 1: this process"})
    cluster: str | None = field(
        default=None,
        metadata={
            "help": "address of a Dask scheduler whose workers do the work, in place of them"
        },
    )
    threads: int = field(default=1, metadata={"help": "threads of one process"})


class Engine(Protocol):
    """Anything that maps a function over chunks of work."""

    def map(self, function: Callable[[Chunk], Found], chunks: Iterable[Chunk]) -> Iterator[Found]:
        """Results in the order of the chunks.

        Parameters
        ----------
        function : callable
            It travels once to each process, and may carry weights. Picklable, as chunks and
            results are, unless this process does the work.
        chunks : iterable
            Taken when they are needed.

        Raises
        ------
        InputError
            If a process or the cluster is lost. What `function` raises is raised here.
        """
        ...


class InProcess:
    """The engine that needs none; see `Engine`."""

    def map(self, function: Callable[[Chunk], Found], chunks: Iterable[Chunk]) -> Iterator[Found]:
        """See `Engine.map`."""
        return map(function, chunks)


class LocalProcesses:
    """Processes on this machine, by joblib's back end "loky"; see `Engine`.

    Parameters
    ----------
    config : EngineConfig
    """

    def __init__(self, config: EngineConfig) -> None:
        self._config = config

    def map(self, function: Callable[[Chunk], Found], chunks: Iterable[Chunk]) -> Iterator[Found]:
        """See `Engine.map`."""
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import BrokenProcessPool

        sent = Sent.of(function)
        with tempfile.TemporaryDirectory(prefix="boxfold-") as folder:
            path = Path(folder) / sent.digest
            path.write_bytes(sent.content)
            task = delayed(_do_from_file)
            parallel = Parallel(
                self._config.jobs, backend="loky", return_as="generator", batch_size=1
            )
            try:
                for window in windows(chunks, self._config.jobs):
                    tasks = (task(str(path), chunk, self._config.threads) for chunk in window)
                    yield from parallel(tasks)
            except BrokenProcessPool:
                raise InputError("a worker process was killed, maybe for want of memory") from None


class Sent(NamedTuple):
    """A function on its way to other processes.

    Attributes
    ----------
    digest : str
        Of `content`, and its name there.
    content : bytes
    """

    digest: str
    content: bytes

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Sent":
        """Pickled form of a function."""
        content = pickle.dumps(function)
        return cls(hashlib.sha256(content).hexdigest(), content)


def windows(chunks: Iterable[Chunk], n_processes: int) -> Iterator[list[bytes]]:
    """Pickled chunks in lists of what may be in flight at once.

    Bytes pass through every back end as they are; arrays would be mapped from disk (loky) or be
    moved to one worker's memory, to be lost with it (Dask).
    """
    iterator = iter(chunks)
    while window := [pickle.dumps(chunk) for chunk in islice(iterator, WINDOW * n_processes)]:
        yield window


def do(function: Callable[[], Callable[[Any], Any]], chunk: bytes, n_threads: int) -> Any:
    """One task in a worker: the function is looked up, then applied."""
    with _ALONE:
        set_threads(n_threads)
        return function()(pickle.loads(chunk))


def set_threads(n_threads: int) -> None:
    """Threads of torch in this process and of OpenMP in its children."""
    os.environ["OMP_NUM_THREADS"] = str(n_threads)
    if "torch" in sys.modules:  # otherwise it reads the variable when it is imported
        sys.modules["torch"].set_num_threads(n_threads)


@contextmanager
def engine(config: EngineConfig) -> Iterator[Engine]:
    """Engine of a config, connected as long as the block lasts.

    Raises
    ------
    InputError
        If the cluster can't be used; see `boxfold.s1.cluster.connected`.
    """
    if config.cluster is not None:
        from boxfold.s1.cluster import connected

        with connected(config.cluster, config.threads) as cluster:
            yield cluster
    else:
        yield LocalProcesses(config) if config.jobs > 1 else InProcess()


def _do_from_file(path: str, chunk: bytes, n_threads: int) -> Any:
    return do(lambda: _read(path), chunk, n_threads)


@lru_cache(maxsize=1)
def _read(path: str) -> Callable[[Any], Any]:
    return pickle.loads(Path(path).read_bytes())
