"""Draws the figures of docs/explanation.md: a hammerhead ribozyme as S1 and as S2 see it.

python docs/explanation_figures.py    # docs/explanation/*.svg
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Arc, Patch

from boxfold.agents.predictor import Predictor
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.envs.rendering import COLOURS, Scene, draw
from boxfold.features.box import stem_base_pairs
from boxfold.features.fasta import FastaRecord
from boxfold.features.loops import stems
from boxfold.features.structure import IntArray, dot_bracket
from boxfold.s1.inspection.drawing import GREY, PALETTE, legend_below, save_figure
from boxfold.s1.inspection.grid_drawing import proposals_figure

HAMMERHEAD = "CAAAAGUCUGGGCUAAGCCCACUGAUGAGCCGCUGAAAUGCGGCGAAACUUUUG"


def main() -> None:
    """Let the shipped S1 and the shipped clone work on the hammerhead, and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--s1", default="mfe", help="name of weights or run folder")
    parser.add_argument("--agent", default="clone")
    parser.add_argument("--out", default=Path(__file__).parent / "explanation", type=Path)
    args = parser.parse_args()
    chain = Predictor.load(args.s1, args.agent, "forbid")
    (instance,) = chain.instances([FastaRecord("hammerhead", "", HAMMERHEAD, 0)])
    (assembly,) = chain.agent.assemble([instance], np.random.default_rng(0))
    args.out.mkdir(parents=True, exist_ok=True)
    figures = {
        "structure": structure_figure(instance.seq, assembly.base_pairs),
        "proposals": proposals_figure(
            instance.seq,
            instance.proposals,
            assembly.base_pairs,
            "what S1 proposes for the hammerhead ribozyme",
        ),
        "episode": episode_figure(instance, assembly.picks),
    }
    for name, figure in figures.items():
        with rc_context({"svg.fonttype": "none"}):  # text stays text, and the file small
            save_figure(figure, args.out / f"{name}.svg")


def structure_figure(seq: str, base_pairs: IntArray) -> Figure:
    """One structure as brackets and arcs, and as stems on the grid, in the same colours."""
    figure = Figure(figsize=(11, 5), layout="tight")
    arcs, grid = figure.subplots(1, 2, width_ratios=(1.6, 1))
    found = stems(base_pairs)
    for index, stem in enumerate(found):
        pairs, colour = stem_base_pairs(stem[None]), PALETTE[index]
        for i, j in pairs.tolist():
            arcs.add_patch(Arc(((i + j) / 2, 0), j - i, j - i, theta2=180, color=colour))
        grid.plot(pairs[:, 1], pairs[:, 0], "s", color=colour, markersize=5)
        grid.text(stem[2] - 1, stem[1] + 1, f"stem {index + 1}", color=colour, ha="right")
    _letters(arcs, seq, dot_bracket(base_pairs, len(seq)))
    arcs.set_title("pairs as arcs over the sequence", fontsize=11)
    grid.plot([0, len(seq) - 1], [0, len(seq) - 1], color="0.8", linewidth=0.8)
    grid.set(xlim=(-1, len(seq)), ylim=(len(seq), -1), aspect="equal")
    grid.set(xlabel="3' partner", ylabel="5' partner")
    grid.set_title("the same pairs on the grid: a stem is a diagonal", fontsize=11)
    return figure


def _letters(axes: Axes, seq: str, brackets: str) -> None:
    """Sequence, brackets and the names of the loops of the hammerhead."""
    for place, letters in enumerate(zip(seq, brackets, strict=True)):
        for letter, y in zip(letters, (-1.4, -3.4), strict=True):
            axes.text(place, y, letter, ha="center", va="center", fontsize=7, family="monospace")
    for place, y, name in (
        (14, -6, "hairpin loop"),
        (35.5, -6, "hairpin loop"),
        (26, 12, "multi-branch loop:\nthree stems meet"),
    ):
        axes.text(place, y, name, ha="center", va="center", fontsize=9, color=GREY)
    axes.set(xlim=(-1, len(seq)), ylim=(-7.5, len(seq) / 2 + 1), aspect="equal")
    axes.axis("off")


def episode_figure(instance: Instance, picks: tuple[int, ...]) -> Figure:
    """The grid before the first pick and after each one, with the energy so far."""
    batch = BatchAssembly(AssemblyConfig(max_boxes=max(instance.n_boxes, 1)))
    batch.load(0, instance)
    figure = Figure(figsize=(3 * (len(picks) + 1), 3.9), layout="constrained")
    panels = figure.subplots(1, len(picks) + 1, squeeze=False)[0]
    _panel(panels[0], Scene.of(batch, 0), "start")
    for step, (axes, pick) in enumerate(zip(panels[1:], picks, strict=True), start=1):
        batch.step([pick])
        _panel(axes, Scene.of(batch, 0), f"pick {step}")
    words = {"picked": "picked", "allowed": "may be picked", "excluded": "excluded by a pick"}
    handles = [Patch(color=np.array(COLOURS[key]) / 255, label=text) for key, text in words.items()]
    legend_below(figure, handles, columns=3)
    return figure


def _panel(axes: Axes, scene: Scene, title: str) -> None:
    axes.imshow(draw(scene), interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{title}: {scene.energy:.1f} kcal/mol", fontsize=11)


if __name__ == "__main__":
    main()
