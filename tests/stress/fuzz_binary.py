"""Readers of binary files and of run folders, as far as verbs take what they return."""

import shutil
from collections.abc import Callable
from pathlib import Path

from boxfold.agents.learned import load_learned
from boxfold.envs.instance_table import instances_from_frame
from boxfold.features.errors import InputError
from boxfold.s1.calibration_file import CALIBRATION, load_calibration
from boxfold.s1.evaluation import known_examples
from boxfold.s1.model import S1Model
from boxfold.s1.run_folder import RunFolder
from boxfold.s1.shards import Shards
from boxfold.s1.tables import PROPOSAL_TYPES, read_sequences


def read_table(path: Path) -> None:
    """A parquet table, its known structures, and the instances of a table of proposals."""
    frame = read_sequences(path, lambda line: None, lambda line: None)
    known_examples(frame)
    if set(PROPOSAL_TYPES) <= set(frame.columns):
        for instance in instances_from_frame(frame, max_boxes=16):
            assert instance.energy([]) == 0.0


def read_s1_weights(path: Path) -> None:
    """Weights of S1, by name of the file."""
    S1Model.load(path)


def read_agent_weights(path: Path) -> None:
    """Weights of an agent."""
    load_learned(path)


def read_run_folder(path: Path) -> None:
    """One text as config, metrics, calibration and settings of an interrupted data set."""
    run = path.with_name("run")
    shutil.rmtree(run, ignore_errors=True)
    shutil.rmtree(path.with_name("data.parquet.parts"), ignore_errors=True)
    parts = path.with_name("data.parquet.parts")
    for folder, name in ((run, "config.json"), (run, "metrics.csv"), (run, CALIBRATION)):
        folder.mkdir(exist_ok=True)
        shutil.copy(path, folder / name)
    parts.mkdir()
    shutil.copy(path, parts / "config.json")
    readers: list[Callable[[], object]] = [
        RunFolder(run).config,
        RunFolder(run).metrics,
        lambda: RunFolder.open(run, {"seed": 1}, "boxfold", resume=True, overwrite=False),
        lambda: load_calibration(run),
        lambda: Shards(path.with_name("data.parquet"), {"seed": 1}, resume=True, overwrite=False),
    ]
    refusals = []
    for read in readers:
        try:
            read()
        except InputError as error:
            refusals.append(error)
    if len(refusals) == len(readers):
        raise refusals[0]
