"""Flags of where work is done, for the verbs that can share it: ``--jobs`` and ``--cluster``."""

import argparse
import re
from contextlib import AbstractContextManager

from boxfold.features.errors import InputError
from boxfold.features.optional import require_package
from boxfold.s1.engine import Engine, EngineConfig, engine
from boxfold.scripts.common import positive_int
from boxfold.scripts.configs import help_of

_ADDRESS = re.compile(r"(tcp|tls|ws|wss)://[^\s/]+:\d+")


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """``--jobs N`` and ``--cluster ADDRESS``."""
    group = parser.add_argument_group("where the work is done; the results are the same")
    group.add_argument(
        "--jobs", type=positive_int, default=1, metavar="N", help=help_of(EngineConfig, "jobs")
    )
    group.add_argument(
        "--cluster",
        type=cluster_address,
        metavar="tcp://HOST:PORT",
        help=help_of(EngineConfig, "cluster"),
    )


def engine_of(args: argparse.Namespace) -> AbstractContextManager[Engine]:
    """Engine of the flags, connected as long as the block lasts.

    Raises
    ------
    InputError
        If both flags are given, the extra ``cluster`` is not installed, or the cluster can't be
        used.
    """
    if args.cluster:
        if args.jobs > 1:
            raise InputError("--jobs is for this machine, --cluster has workers of its own")
        for package in ("Dask", "Distributed"):
            require_package(package, "cluster")
    return engine(EngineConfig(args.jobs, args.cluster, args.threads))


def cluster_address(text: str) -> str:
    """Argument type: address of a Dask scheduler.

    Examples
    --------
    >>> cluster_address("tcp://10.0.0.7:8786")
    'tcp://10.0.0.7:8786'
    """
    if not _ADDRESS.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}' is no address (such as tcp://host:8786)")
    return text
