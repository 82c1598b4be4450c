"""Building a data set: windows are cut, folded, filtered and split, with every count told."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from itertools import islice
from typing import Any

import pandas as pd

from boxfold.features.checksum import file_digest
from boxfold.features.errors import InputError
from boxfold.features.genome import genome_transcripts
from boxfold.features.transcripts import (
    Transcript,
    grouped,
    joined,
    on_chromosomes,
    read_transcripts,
)
from boxfold.rewards.energy import PARAMETERS
from boxfold.s1.candidates import Candidates, Family
from boxfold.s1.dataset_config import DatasetConfig, Reporters
from boxfold.s1.engine import Engine, InProcess
from boxfold.s1.folding import NO_PAIR, FoldConfig, fold_batch
from boxfold.s1.shards import Shards
from boxfold.s1.split import limited, split_by_group, with_samples
from boxfold.s1.tables import write_dataset

MAX_SHARD = 500
"""Windows that are folded before they are saved."""

_BARREN_SHARDS = 5
"""So many shards of synthetic windows in a row without an accepted one end the search."""

_BATCH = 10


def build_dataset(
    config: DatasetConfig,
    out: str,
    engine: Engine | None = None,
    resume: bool = False,
    overwrite: bool = False,
    reporters: Reporters | None = None,
) -> pd.DataFrame:
    """Build a data set and write it; the bytes depend on `config` alone.

    Parameters
    ----------
    config : DatasetConfig
    out : str
        Parquet file; unfinished work is kept beside it, see `Shards`.
    engine : Engine, optional
        Who folds; default: this process.
    resume, overwrite : bool
    reporters : Reporters, optional

    Returns
    -------
    pandas.DataFrame
        With the columns of `boxfold.s1.tables.DATASET_TYPES`.

    Raises
    ------
    InputError
        If an input can't be used, or no window is accepted.
    """
    reporters = reporters or Reporters()
    shards = Shards(out, _settings(config), resume, overwrite)
    if resume:
        reporters.count(f"resumed: {shards.n_finished()} finished shards in {shards.folder}")
    transcripts = load_transcripts(config, reporters)
    candidates = Candidates(
        transcripts, config.length, config.shuffles, config.synthetic, config.seed
    )
    rows = _accepted_rows(config, candidates, shards, engine or InProcess(), reporters)
    if rows.empty:
        shards.remove()
        raise InputError("no window was accepted, so no data set is written")
    rows = split_by_group(rows, config.split, config.seed, reporters.count)
    if config.limit is not None:
        rows = limited(rows, config.limit, config.seed, reporters.count)
    rows = with_samples(rows) if config.structures else rows.assign(sample=0)
    rows = rows.drop(columns=["candidate", "reason", "dot_brackets", "free_energies"])
    write_dataset(rows, out, overwrite)
    shards.remove()
    reporters.count(f"wrote {out}: {len(rows)} rows")
    return rows


def load_transcripts(config: DatasetConfig, reporters: Reporters) -> list[Transcript]:
    """Transcripts of all FASTA files and the genome, grouped, on the wanted chromosomes."""
    transcripts = read_transcripts(config.fasta, reporters.error)
    if config.genome and config.annotation:
        spliced = genome_transcripts(config.genome, config.annotation, reporters.error)
        transcripts = joined(transcripts, spliced, config.annotation, reporters.error)
    if not transcripts:
        return []
    if config.chromosomes:
        n_all = len(transcripts)
        transcripts = on_chromosomes(transcripts, config.chromosomes)
        reporters.count(f"transcripts: before {n_all}, after {len(transcripts)} (chromosomes)")
    transcripts = grouped(transcripts)
    long_enough = [t for t in transcripts if len(t.seq) >= config.length[0]]
    reporters.count(
        f"transcripts: before {len(transcripts)}, after {len(long_enough)} "
        f"(at least {config.length[0]} nt), in {len({t.group for t in long_enough})} groups"
    )
    return long_enough


def _settings(config: DatasetConfig) -> dict[str, Any]:
    inputs = [*config.fasta, *filter(None, (config.genome, config.annotation))]
    digests = {f"content of {path}": file_digest(path) for path in inputs}
    return {**asdict(config), **digests, "energies": PARAMETERS}


def _accepted_rows(
    config: DatasetConfig,
    candidates: Candidates,
    shards: Shards,
    engine: Engine,
    reporters: Reporters,
) -> pd.DataFrame:
    """Rows of the first `count` accepted windows and of their shuffles."""
    tried: list[pd.DataFrame] = []

    def accepted() -> Iterator[None]:
        for rows in _folded_shards(config, candidates, shards, engine):
            tried.append(rows)
            yield from [None] * int(_accepted(rows[rows["source"] != "shuffle"]).sum())

    found = sum(
        1 for _ in reporters.progress(islice(accepted(), config.count), config.count, "windows")
    )
    if not tried:
        reporters.count("candidates: none, the sources are empty")
        return pd.DataFrame()
    rows = _up_to(pd.concat(tried, ignore_index=True), config.count)
    _tell_counts(config, rows, candidates, reporters.count)
    if found < config.count:
        reporters.count(f"{config.count} windows were wanted, the sources hold only {found}")
    return rows[_accepted(rows)].reset_index(drop=True)


def _folded_shards(
    config: DatasetConfig, candidates: Candidates, shards: Shards, engine: Engine
) -> Iterator[pd.DataFrame]:
    fold_config = FoldConfig(config.min_mfe_frequency, config.structures, config.seed, config.soft)
    size = min(MAX_SHARD, max(50, config.count // 2))
    source, barren, number = iter(candidates), 0, 0
    while barren < _BARREN_SHARDS and (families := list(islice(source, size))):
        rows = shards.load(number)
        if rows is None:
            rows = shards.save(number, _fold(families, number * size, fold_config, engine))
        yield rows
        number += 1
        fruitless = families[0][0].source == "synthetic" and not _accepted(rows).any()
        barren = barren + 1 if fruitless else 0


def _fold(
    families: list[Family], first: int, config: FoldConfig, engine: Engine
) -> list[dict[str, Any]]:
    """Fold families in order; the rows don't depend on who does it."""
    numbered = list(enumerate(families, start=first))
    batches = [numbered[start : start + _BATCH] for start in range(0, len(numbered), _BATCH)]
    done = engine.map(partial(fold_batch, config=config), batches)
    return [row for rows in done for row in rows]


def _accepted(rows: pd.DataFrame) -> pd.Series:
    return rows["reason"] == ""


def _up_to(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """Rows of all candidates up to the `count`-th accepted window."""
    windows = rows[_accepted(rows) & (rows["source"] != "shuffle")]
    if len(windows) < count:
        return rows
    return rows[rows["candidate"] <= windows["candidate"].iloc[count - 1]]


def _tell_counts(
    config: DatasetConfig, rows: pd.DataFrame, candidates: Candidates, count: Callable[[str], None]
) -> None:
    words = {"unknown": "hold N", "duplicate": "duplicates", "shared": "share a 20-mer"}
    for prefix, what in (("", "windows"), ("synthetic ", "synthetic"), ("shuffle ", "shuffles")):
        numbers = {text: candidates.counts[prefix + key] for key, text in words.items()}
        if prefix == "" or any(numbers.values()):
            listed = ", ".join(f"{text} {number}" for text, number in numbers.items())
            count(f"{what} dropped before folding: {listed}")
    is_shuffle = rows["source"] == "shuffle"
    for what, part in (("windows", rows[~is_shuffle]), ("shuffles", rows[is_shuffle])):
        if not len(part) and what == "shuffles":
            continue
        paired = int((part["reason"] != NO_PAIR).sum())
        count(f"{what}: before {len(part)}, after {paired} (MFE has a pair)")
        count(
            f"{what}: before {paired}, after {int(_accepted(part).sum())} "
            f"(MFE frequency >= {config.min_mfe_frequency:g})"
        )
