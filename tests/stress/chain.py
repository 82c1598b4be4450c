"""Small commands of every verb that writes, for the tests of faults."""

from pathlib import Path
from typing import NamedTuple

NETWORK = "--embed-dim 16 --n-heads 2 --n-encoder-layers 1 --feedforward-dim 16 --relation-dim 8"
SMALL = [*NETWORK.split(), "--max-boxes", "16", "--validation-instances", "6"]
S1 = "--channels 4 --n-blocks 1 --batch-pixels 3200".split()
STEPS = "--steps 128 --n-envs 4 --n-steps 8 --chunk-updates 1 --n-epochs 1 --batch-size 32".split()


class Verb(NamedTuple):
    """A command without its ``--out``.

    Attributes
    ----------
    flags : list of str
    out : str
        Name of its output.
    resumes : bool
        Whether it takes ``--resume``.
    """

    flags: list[str]
    out: str
    resumes: bool = False


def verbs(
    fasta: Path, windows: Path, proposals: Path, weights: Path, agent: Path
) -> dict[str, Verb]:
    """Commands by name.

    Parameters
    ----------
    fasta, windows, proposals : Path
        Sequences, a data set and its boxes.
    weights, agent : Path
        Weights of an S1 network and of a policy.
    """
    data, boxes, s1 = (["--data", str(windows)], ["--data", str(proposals)], ["--s1", str(weights)])
    synthetic = ["--synthetic", "--length", "30", "--count", "120"]
    agents = ["--agents", "beam", "random", str(agent), "--samples", "2"]
    train = ["train-agent", *boxes, *SMALL, "--algorithm"]
    train_s1 = ["train-s1", *data, *S1, "--epochs", "2"]
    tune = [*data, *S1, "--epochs", "1", "--trial-examples", "24"]
    return {
        "dataset": Verb(["dataset", *synthetic], "d.parquet", True),
        "dataset-known": Verb(["dataset-known", "--train", str(windows)], "k.parquet"),
        "train-s1": Verb(
            [*train_s1, "--epoch-examples", "24", "--checkpoint-batches", "2"],
            "s1",
            True,
        ),
        "tune-s1": Verb(["tune-s1", *tune, "--n-trials", "2"], "tune", True),
        "evaluate-s1": Verb(["evaluate-s1", *data, *s1], "m.json"),
        "plot-s1": Verb(["plot-s1", "grid", *data, *s1], "grid.png"),
        "report-s1": Verb(["report-s1", "recall", *data, *s1, "--count", "10"], "report"),
        "propose": Verb(["propose", *data, "--method", "runs", "--max-boxes", "16"], "p.parquet"),
        "train-supervised": Verb(
            ["train-supervised", *boxes, *SMALL, "--epochs", "2"], "supervised", True
        ),
        "train-judge": Verb(["train-judge", *boxes, *SMALL, "--epochs", "2"], "judge", True),
        "clone": Verb([*train, "clone", "--epochs", "2"], "clone", True),
        "reinforce": Verb(
            [*train, "reinforce", "--epochs", "2", "--epoch-instances", "16"], "reinforce", True
        ),
        "ppo": Verb([*train, "ppo", *STEPS], "ppo", True),
        "export-episodes": Verb(["export-episodes", *boxes, "--limit", "5"], "episodes"),
        "evaluate": Verb(["evaluate", *boxes, *agents], "table"),
        "predict": Verb(["predict", str(fasta), *s1, "--agent", str(agent)], "out.dbn"),
    }
