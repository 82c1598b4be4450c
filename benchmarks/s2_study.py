"""Which features of a box tell whether it is in the structure? The S2 study of the notes, repeated.

Boxes are stems, interior loops and hairpins. A network (or boosted trees) learns on training
windows which boxes are in the reference structure; the area under the ROC curve (auROC) is over all
boxes of validation windows, of other genes. Half of the validation genes choose the threshold of
greedy assembly, the others are judged. One line per feature set is added to --out; a set that is
there already is not done again.

    python benchmarks/s2_study.py --data boxes.parquet --out runs/s2/study.csv
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from s2_judge import Scores, boosted, scores_of, trained
from s2_windows import FEATURE_SETS, Window, window_of, with_permuted_labels
from sklearn.metrics import roc_auc_score

from boxfold.agents.learned_agents import above
from boxfold.envs.instance_table import instances_from_frame
from boxfold.features.agreement import agreement
from boxfold.features.box import BoxKind
from boxfold.s1.tables import read_proposals
from boxfold.scripts.markdown import markdown_table

BOOSTED = (
    "geometry (type, location, size)",
    "geometry + S1",
    "all features",
    "all features, shuffled labels",
)
PERMUTED = "; against permuted labels"
SEEN = 300
"""Training windows that the auROC in the column ``train`` is over."""

RESAMPLES = 100
"""Of sequences, for the interval of the auROC."""


def auroc_columns(windows: Sequence[Window], scores: Scores, seed: int) -> dict[str, float]:
    """Areas under the ROC curve: all boxes pooled with a 95 % interval, by kind, by sequence.

    Parameters
    ----------
    windows : sequence of Window
    scores : list of ndarray, dtype=float64, shape (N,)
    seed : int
        Of resampling whole sequences.

    Returns
    -------
    dict
        ``auroc``, ``low``, ``high``, a column per kind, ``per_sequence`` (mean over sequences, as
        the notes computed it).
    """
    labels, kinds = [each.label for each in windows], [each.boxes[:, 0] for each in windows]
    label, score, kind = (np.concatenate(parts) for parts in (labels, scores, kinds))
    columns = {"auroc": _auroc(label, score)}
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(RESAMPLES):
        rows = rng.integers(len(windows), size=len(windows))
        some = [np.concatenate([parts[row] for row in rows]) for parts in (labels, scores)]
        drawn.append(_auroc(*some))
    columns["low"], columns["high"] = np.quantile(drawn, [0.025, 0.975])
    for each in BoxKind:
        columns[each.label] = _auroc(label[kind == each], score[kind == each])
    single = [_auroc(*both) for both in zip(labels, scores, strict=True)]
    return columns | {"per_sequence": float(np.nanmean(single))}


def _auroc(label: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    return float(roc_auc_score(label, score)) if 0 < label.sum() < len(label) else np.nan


def assembled_f1(windows: Sequence[Window], scores: Scores, cut: float) -> float:
    """Mean F1 over base pairs of greedy assemblies of the stems scored above `cut`."""
    found = []
    for window, all_scores in zip(windows, scores, strict=True):
        instance = window.instance
        picks = above(all_scores[: instance.n_boxes], cut, instance)
        assert instance.reference is not None
        found.append(agreement(instance.base_pairs(picks), instance.reference).f1)
    return float(np.mean(found))


def assembly_columns(
    chooses: Sequence[Window], of_chooses: Scores, judged: Sequence[Window], of_judged: Scores
) -> dict[str, float]:
    """F1 of the judged windows at the threshold that is best on others."""
    stems = [each[: w.instance.n_boxes] for w, each in zip(chooses, of_chooses, strict=True)]
    # From picking almost nothing to picking almost everything, whatever the scores mean.
    cuts = np.unique(np.quantile(np.concatenate(stems), 1 - np.geomspace(0.005, 0.995, 25)))
    best = max(cuts, key=lambda cut: assembled_f1(chooses, of_chooses, cut))
    return {"f1": assembled_f1(judged, of_judged, best)}


def halves(frame: pd.DataFrame, seed: int) -> Iterator[pd.DataFrame]:
    """Rows of half of the groups, then those of the others."""
    groups = np.random.default_rng(seed).permutation(np.sort(frame["group"].unique()))
    first = frame["group"].isin(groups[::2])
    yield frame[first]
    yield frame[~first]


class Study:
    """Windows of the study, and what each feature set gives on them."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.epochs, self.seed = args.epochs, args.seed
        frame = read_proposals(args.data)
        frame = frame[frame["dot_bracket"].str.contains("(", regex=False)]
        marked = frame["split"] == "validation"
        train = frame[~marked].sample(min(args.train, (~marked).sum()), random_state=args.seed)
        self.train, self.chooses, self.judged = (
            [window_of(each) for each in instances_from_frame(part, args.max_boxes)]
            for part in (train, *halves(frame[marked], args.seed))
        )
        sizes = [len(each) for each in (self.train, self.chooses, self.judged)]
        print(f"windows: train {sizes[0]}, threshold {sizes[1]}, judged {sizes[2]}", flush=True)

    def rows_of(self, name: str) -> list[dict[str, object]]:
        """Lines of the table for a feature set, or for a ruler of that name."""
        start, train = time.process_time(), self.train
        if name.endswith("shuffled labels"):
            train = with_permuted_labels(train, np.random.default_rng(self.seed))
        scores = self._scores(name, train, self.chooses + self.judged + train[:SEEN])
        ends = np.cumsum([len(self.chooses), len(self.judged)])
        of_chooses, of_judged, of_train = (
            scores[first:end] for first, end in ((0, ends[0]), (*ends,), (ends[1], None))
        )
        row = {"features": name} | auroc_columns(self.judged, of_judged, self.seed)
        label = np.concatenate([each.label for each in train[:SEEN]])
        row |= {"train": _auroc(label, np.concatenate(of_train))}
        row |= assembly_columns(self.chooses, of_chooses, self.judged, of_judged)
        rows = [row | {"seconds": time.process_time() - start}]
        if name.endswith("shuffled labels"):
            permuted = with_permuted_labels(self.judged, np.random.default_rng(self.seed + 1))
            row = {"features": name + PERMUTED} | auroc_columns(permuted, of_judged, self.seed)
            rows.append(row)
        return rows

    def _scores(self, name: str, train: list[Window], judged: list[Window]) -> Scores:
        kind, _, of = name.partition(": ")
        if name == "labels themselves":
            return [each.label.astype(np.float64) for each in judged]
        if name == "S1's score alone":
            proposals = [each.instance.proposals for each in judged]
            return [np.append(each.score, each.loop_score).astype(float) for each in proposals]
        if kind == "trees":
            return boosted(FEATURE_SETS[of], train, judged, self.seed)
        return scores_of(trained(FEATURE_SETS[name], train, self.epochs, self.seed), judged)


def all_names() -> list[str]:
    """Every line of the table that can be asked for."""
    trees = [f"trees: {name}" for name in BOOSTED]
    return ["labels themselves", "S1's score alone", *trees, *FEATURE_SETS]


def main() -> None:
    """Train, judge, print; write after each feature set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", required=True, help="table of `boxfold propose`, with splits")
    parser.add_argument("--train", type=int, default=4000, help="training windows")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--max-boxes", type=int, default=32, help="stems, and loops, per sequence")
    parser.add_argument("--sets", nargs="+", default=all_names(), choices=all_names())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, help="CSV")
    args = parser.parse_args()
    torch.set_num_threads(1)
    out = Path(args.out)
    rows = pd.read_csv(out).to_dict("records") if out.exists() else []
    missing = [name for name in args.sets if name not in [row["features"] for row in rows]]
    study = Study(args) if missing else None
    for name in missing:
        assert study is not None
        rows += study.rows_of(name)
        print(pd.Series(rows[-1]).to_dict(), flush=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(out, index=False, float_format="%.4f")
    print(markdown_table(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
