"""One training on several processes, as `torchrun` starts them; alone without it.

Every process takes its share of each batch and adds its gradients to the others', so all take
the same step as one process with the whole batch. Files and prints are the first process's.
"""

import atexit
import io
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from boxfold.features.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds that a message of another process waits for `torchrun` to end that process first."""

LONGEST_WAIT = timedelta(hours=6)
"""For the validation of the first process, say; one that has ended is noticed at once."""


@dataclass(frozen=True)
class Group:
    """The processes of one training.

    Attributes
    ----------
    rank : int
        Which one this is, from 0.
    size : int
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def of_environment(cls) -> "Group":
        """Of the variables that `torchrun` sets; a single process if they aren't there."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size < 2 or "RANK" not in os.environ or "MASTER_ADDR" not in os.environ:
            return cls()
        return cls(int(os.environ["RANK"]), size)

    @contextmanager
    def connected(self) -> Iterator["Group"]:
        """Connect the processes for as long as the block lasts.

        Raises
        ------
        InputError
            If another process is gone, here and in all methods.
        """
        if self.size == 1:
            yield self
            return
        from torch import distributed  # in methods only: --help starts without torch

        with _contact():
            distributed.init_process_group("gloo", timeout=LONGEST_WAIT)
        try:
            yield self
            with suppress(RuntimeError):  # nobody hangs up while another one still listens
                distributed.barrier()
        except BaseException:
            distributed.destroy_process_group()
            raise
        # Taking gloo's threads apart now and then aborts a process whose work is done.
        atexit.register(_leave)

    def share(self, items: list[T]) -> list[T]:
        """What this process does of `items`; may be empty.

        Examples
        --------
        >>> [Group(rank, 2).share([5, 6, 7]) for rank in range(2)]
        [[5, 7], [6]]
        """
        return items[self.rank :: self.size]

    def summed(self, parameters: "Iterable[Tensor]", values: "Tensor") -> "Tensor":
        """Add up gradients, in place, and some values over all processes.

        Parameters
        ----------
        parameters : iterable of Tensor
            One without a gradient counts as zeros.
        values : Tensor, float32, shape (n,)

        Returns
        -------
        Tensor, float32, shape (n,)
        """
        if self.size == 1:
            return values
        import torch

        parameters = list(parameters)
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([part.reshape(-1) for part in (*gradients, values)])
        with _contact():
            torch.distributed.all_reduce(flat)
        *parts, values = flat.split([*(part.numel() for part in gradients), len(values)])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
        return values

    def from_first(self, work: Callable[[], T]) -> T:
        """What the first process finds; the others wait for it.

        Where `work` fails, the first process leaves, which ends the others.
        """
        if self.size == 1:
            return work()
        from torch import distributed

        found = [work() if self.rank == 0 else None]
        with _contact():
            distributed.broadcast_object_list(found)
        return found[0]  # type: ignore[return-value]


ALONE = Group()


def _leave() -> None:
    """End a process that has succeeded, without the destructors of other threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


@contextmanager
def _contact() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        reason = str(error).splitlines()[0].rpartition("] ")[2]  # behind the place in the source
        reason = reason.partition(". ")[0]  # before advice
        raise InputError(f"another process of this training has ended ({reason})") from None


def with_one_voice(command: Callable[[], int]) -> int:
    """Run a command; of several processes only the first one prints.

    What went wrong usually did in all of them: the others hold their line back until `torchrun`
    ends them, which it does as soon as the first one is gone. After `PATIENCE` seconds the line
    is this process's own and is printed.

    Parameters
    ----------
    command : callable
        Returns an exit code.

    Returns
    -------
    int
        That exit code.
    """
    if Group.of_environment().rank == 0:
        return command()
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as held_back:
        code = command()
    if 0 < code < 128:  # above: stopped by a signal, as the others were
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # end without a word
        time.sleep(PATIENCE)
        print(held_back.getvalue(), end="", file=sys.stderr)
    return code
