"""Work on a Dask cluster, by joblib's back end "dask"; only imported where one is asked for."""

import asyncio
import logging
import pickle
import platform
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.metadata import version
from typing import Any, NamedTuple, TypeVar

from dask.config import set as dask_settings
from distributed import Client, Variable, get_client
from distributed.versions import VersionMismatchWarning
from joblib import Parallel, delayed
from joblib._dask import DaskDistributedBackend

from boxfold.features.errors import InputError, reason_of
from boxfold.s1.engine import Sent, do, windows

Chunk = TypeVar("Chunk")
Found = TypeVar("Found")

CONTACT_SECONDS = 20
"""Patience with a scheduler that does not answer, at the start or in the middle."""

WORKER_SECONDS = 60
"""Patience with a scheduler that has no worker yet."""

WATCH_SECONDS = 1
"""Between two looks at whether a worker is left."""

SHAPING = ("boxfold", "numpy", "scipy", "torch", "viennarna", "dask", "distributed", "joblib")
"""Packages whose versions must be the same everywhere: they shape results, or carry them."""


class Cluster:
    """The workers of a Dask scheduler; see `boxfold.s1.engine.Engine`.

    The work of a worker that is lost is done again by others. Each worker fetches a function once,
    those that join later, too.

    Parameters
    ----------
    client : Client
    address : str
        As it was given, for messages.
    n_threads : int
        Of each task.
    """

    def __init__(self, client: Client, address: str, n_threads: int) -> None:
        self._client, self._address, self._n_threads = client, address, n_threads
        self._sent: dict[str, Variable] = {}

    def map(self, function: Callable[[Chunk], Found], chunks: Iterable[Chunk]) -> Iterator[Found]:
        """See `boxfold.s1.engine.Engine.map`."""
        sent, known = Sent.of(function), versions()
        task = delayed(_do_sent)
        backend = _Backend(client=self._client)
        with self._in_contact():
            # At the scheduler, which no worker takes along when it is lost.
            self._sent[sent.digest] = Variable(sent.digest, client=self._client)
            self._sent[sent.digest].set(sent.content)
            n_slots = max(1, sum(self._client.ncores().values()))
        for window in windows(chunks, n_slots):
            parallel = Parallel(-1, backend=backend, return_as="generator", batch_size=1)
            with self._in_contact():
                yield from parallel(
                    task(sent.digest, chunk, self._n_threads, known) for chunk in window
                )

    def close(self) -> None:
        """Take back what was sent, if the scheduler is still there."""
        with suppress(OSError):
            for variable in self._sent.values() if self._client.status == "running" else ():
                variable.delete()

    @contextmanager
    def _in_contact(self) -> Iterator[None]:
        try:
            yield
        except (_LostError, OSError, asyncio.CancelledError) as error:
            raise InputError(f"cluster {self._address}: {reason_of(error)}") from None


@contextmanager
def connected(address: str, n_threads: int) -> Iterator[Cluster]:
    """Contact with a scheduler as long as the block lasts.

    Parameters
    ----------
    address : str
        Such as ``tcp://host:8786``.
    n_threads : int

    Raises
    ------
    InputError
        If it can't be reached, has no worker, or other versions run there.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised
    place = f"cluster {address}"
    settings = {"distributed.comm.timeouts.connect": CONTACT_SECONDS}
    with dask_settings(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionMismatchWarning)  # checked here, with more packages
        try:
            client = Client(address, timeout=CONTACT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{place}: no scheduler answers ({reason_of(error)})") from None
        with client:
            _check_workers(client, place)
            cluster = Cluster(client, address, n_threads)
            try:
                yield cluster
            finally:
                cluster.close()


def _check_workers(client: Client, place: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError:
        raise InputError(f"{place}: no worker within {WORKER_SECONDS} s") from None
    found = client.run(versions, on_error="return")
    for worker, known in found.items():
        if isinstance(known, Exception):
            raise InputError(f"{place}: worker {worker} can't work: {reason_of(known)}")
        _check_versions(known, versions(), f"{place}: worker {worker}")


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that shape results, in this process."""
    found = {name: version(name) for name in SHAPING}
    return {"python": ".".join(platform.python_version_tuple()[:2]), **found}


def _check_versions(there: dict[str, str], here: dict[str, str], place: str) -> None:
    for name, wanted in here.items():
        if there.get(name) != wanted:
            raise InputError(f"{place}: {name} {there.get(name)}, needed: {wanted} as here")


def _do_sent(digest: str, chunk: bytes, n_threads: int, known: dict[str, str]) -> Any:
    _check_versions(versions(), known, f"worker on {platform.node()}")
    return do(lambda: _function(digest), chunk, n_threads)


@lru_cache(maxsize=4)
def _function(digest: str) -> Callable[[Any], Any]:
    """What was sent, fetched once by each worker, whenever it joined."""
    return pickle.loads(Variable(digest, client=get_client()).get(timeout=CONTACT_SECONDS))


class _LostError(Exception):
    """A task that no worker could finish."""


class _GivenUp(NamedTuple):
    reason: str


class _Backend(DaskDistributedBackend):
    """That of joblib, which waits for ever for a task that Dask has given up."""

    def effective_n_jobs(self, n_jobs: int) -> int:
        return max(2, super().effective_n_jobs(n_jobs))  # joblib would do the work of one itself

    def start_call(self) -> None:
        super().start_call()
        self.client.loop.add_callback(self._watch)

    async def _collect(self) -> None:
        while self._continue:
            async for future, result in self.waiting_futures:
                if callback := self._callbacks.pop(future, None):
                    is_done = future.status == "finished"
                    callback(result if is_done else _GivenUp(_reason(result)))
                    self._results.pop(future).cancel()
            await asyncio.sleep(0.01)

    async def _watch(self) -> None:
        """Give all tasks up if nobody is left to do them."""
        seen = time.monotonic()
        while self._continue:
            await asyncio.sleep(WATCH_SECONDS)
            if await self._has_workers():
                seen = time.monotonic()
            elif time.monotonic() - seen > WORKER_SECONDS:
                for callback in list(self._callbacks.values()):
                    callback(_GivenUp(f"no worker is left since {WORKER_SECONDS} s"))
                self._callbacks.clear()

    async def _has_workers(self) -> bool:
        try:
            return bool(await asyncio.wait_for(self.client.scheduler.ncores(), CONTACT_SECONDS))
        except (OSError, TimeoutError):
            return False

    def retrieve_result_callback(self, out: Any) -> Any:
        if isinstance(out, _GivenUp):
            raise _LostError(out.reason)
        return super().retrieve_result_callback(out)


def _reason(result: Any) -> str:
    """Why a task has no result: the error of `(type, error, traceback)`, or what stands there."""
    error = result[1] if isinstance(result, tuple) and len(result) == 3 else result
    return f"a task was lost ({reason_of(error)})"
