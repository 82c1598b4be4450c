"""Tables and figure of docs/assembly/rewards.md out of the run folders of `rewards.py`.

    python benchmarks/rewards_report.py runs/rewards --figure docs/assembly/rewards.png

Means are over seeds and windows, ± is the standard deviation of the seeds' means; the
interquartile mean is over all windows of all seeds, with a stratified bootstrap interval (95 %).
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from boxfold.agents.comparison import interquartile_mean
from boxfold.scripts.markdown import markdown_table

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

PANELS = {
    "when energy is paid, and gamma": (
        "final",
        "final, gamma .9",
        "immediate",
        "immediate, gamma .9",
        "potential",
    ),
    "loops and the white box": (
        "immediate",
        "immediate + S1 loops",
        "immediate, white box",
    ),
    "what is picked, with and without a mask": (
        "immediate",
        "stems, no mask",
        "stems and loops",
        "stems and loops, no mask",
    ),
}
"""Arms by panel of the figure; a grey line at 1 is the exact optimum."""


def main() -> None:
    """Print the tables, draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("runs", help="--out of rewards.py")
    parser.add_argument("--figure", help="PNG of the validation curves")
    args = parser.parse_args()
    runs = finished_runs(args.runs)
    print(markdown_table(table(runs)))
    print()
    print(markdown_table(multiloop_table(runs)))
    if args.figure:
        draw(runs, args.figure)


def finished_runs(folder: str | Path) -> dict[str, list[Path]]:
    """Run folders that were measured, by arm."""
    runs: dict[str, list[Path]] = {}
    for path in sorted(Path(folder).glob("*/windows.csv")):
        arm = json.loads((path.parent / "config.json").read_text())["arm"]
        runs.setdefault(arm, []).append(path.parent)
    order = dict.fromkeys(arm for arms in PANELS.values() for arm in arms)
    return {arm: runs[arm] for arm in order if arm in runs}


def table(runs: dict[str, list[Path]]) -> pd.DataFrame:
    """One row per arm: means and spread over seeds, and the interquartile mean of the gap."""
    rows = []
    for arm, paths in runs.items():
        frames = [pd.read_csv(path / "windows.csv") for path in paths]
        gaps = np.stack([frame["gap"] for frame in frames])
        iqm = interquartile_mean(gaps, np.random.default_rng(0))
        metrics = [pd.read_csv(path / "metrics.csv") for path in paths]
        steps = np.mean([each["step"].max() for each in metrics])
        explained, drawn = (
            np.mean([each[tag].dropna().iloc[-1] for each in metrics])
            for tag in ("train/explained_variance", "rollout/validity")
        )
        rows.append(
            {
                "arm": arm,
                "seeds": len(paths),
                "steps": round(steps),
                "gap": _spread(frames, "gap"),
                "gap, IQM (95 %)": f"{iqm.value:.2f} ({iqm.low:.2f}, {iqm.high:.2f})",
                "F1": _spread(frames, "f1"),
                "validity": _spread(frames, "validity"),
                "validity drawn": f"{drawn:.2f}",  # in the last rollout of the training
                "exact": _spread(frames, "exact"),
                "best of 16: gap": _spread(frames, "best_gap"),
                "critic explains": f"{explained:.2f}",
            }
        )
    return pd.DataFrame(rows)


def multiloop_table(runs: dict[str, list[Path]]) -> pd.DataFrame:
    """The same by whether the reference has a multi-branch loop."""
    rows = []
    for arm, paths in runs.items():
        row: dict[str, object] = {"arm": arm}
        frames = [pd.read_csv(path / "windows.csv") for path in paths]
        for name, wanted in (("multi-branch", True), ("others", False)):
            parts = [frame[frame["multiloop"] == wanted] for frame in frames]
            for column, label in (("gap", "gap"), ("f1", "F1"), ("best_gap", "best of 16")):
                row[f"{name} ({len(parts[0])}): {label}"] = _spread(parts, column)
        rows.append(row)
    return pd.DataFrame(rows)


def _spread(frames: Sequence[pd.DataFrame], column: str) -> str:
    means = np.array([frame[column].mean() for frame in frames])
    return f"{means.mean():.3f}" + (f" ± {means.std(ddof=1):.3f}" if len(means) > 1 else "")


def draw(runs: dict[str, list[Path]], out: str) -> None:
    """Validation reward over steps: mean and range over seeds."""
    figure, axes = plt.subplots(1, len(PANELS), figsize=(12, 4))
    figure.set_layout_engine("constrained")
    for axis, (title, arms) in zip(axes, PANELS.items(), strict=True):
        for arm in arms:
            if arm in runs:
                _curve(axis, arm, runs[arm])
        axis.axhline(1, color="#b0b0b0", linewidth=0.8)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("steps of the environment")
        axis.legend(fontsize=8, loc="lower right")
    axes[0].set_ylim(0.55, 0.85)  # all arms are close: its scale is another one
    axes[0].set_ylabel("- energy / scale of greedy assemblies")
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110, metadata={"Software": None})


def _curve(axis: Axes, arm: str, paths: Sequence[Path]) -> None:
    """Steps that every seed has validated at."""
    tag = "eval/mean_reward"
    curves = [pd.read_csv(path / "metrics.csv").groupby("step")[tag].max() for path in paths]
    together = pd.concat(curves, axis=1).dropna()
    steps, values = together.index.to_numpy(), together.to_numpy()
    (line,) = axis.plot(steps, values.mean(axis=1), marker=".", label=arm)
    low, high = values.min(axis=1), values.max(axis=1)
    axis.fill_between(steps, low, high, color=line.get_color(), alpha=0.15, linewidth=0)


if __name__ == "__main__":
    main()
