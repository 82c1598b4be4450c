import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from boxfold.features.box import Box, BoxKind, boxes_to_array, stem_box
from boxfold.features.errors import InputError
from boxfold.features.loops import multiloops
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.box_targets import BOX_HEADS
from boxfold.s1.inspection.drawing import (
    KIND_COLOURS,
    draw_boxes,
    draw_grid,
    draw_known_pairs,
    figure_format,
    outline_boxes,
    save_figure,
)
from boxfold.s1.inspection.grid_drawing import proposals_figure, proposals_table
from boxfold.s1.inspection.multiloop_drawing import multiloops_figure, multiloops_table
from boxfold.s1.inspection.progress_drawing import (
    best_epoch,
    panels,
    progress_figure,
    progress_table,
)
from boxfold.s1.inspection.shift_curves import CURVES, statistics_figure
from boxfold.s1.inspection.shift_drawing import shift_figure, shift_table
from boxfold.s1.inspection.shift_statistics import ShiftStatistics
from boxfold.s1.metrics import METRIC_NAMES

STEM, INTERIOR, HAIRPIN = BoxKind
TWO_LOOPS = "((.((...)).((.(((...)))((....)).))))"
SEQ = "GCAUGCUA"


@pytest.fixture
def axes():
    return Figure().subplots()


def proposals(stems=(), loops=(), score=(), loop_score=()):
    return Proposals(
        boxes_to_array(stems),
        np.array(score, dtype=np.float32),
        np.zeros((len(stems), len(EVIDENCE)), dtype=np.float32),
        boxes_to_array(loops),
        np.array(loop_score, dtype=np.float32),
    )


@pytest.mark.parametrize(
    ("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")]
)
def test_every_format_is_written_and_repeats(name, start, tmp_path):
    contents = []
    for _ in range(2):
        figure = Figure()
        figure.subplots().plot([0, 1], [1, 0], label="curve")
        figure.axes[0].legend()
        save_figure(figure, tmp_path / name)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0].startswith(start) and contents[0] == contents[1]
    with pytest.raises(InputError, match="overwrite"):
        save_figure(figure, tmp_path / name, overwrite=False)


@pytest.mark.parametrize("name", ["a.jpg", "a", "png"])
def test_other_suffixes_are_refused(name):
    with pytest.raises(InputError, match=r"allowed: \.png, \.svg, \.pdf"):
        figure_format(name)


def test_grid_is_upright_and_lettered(axes):
    draw_grid(axes, SEQ)
    assert axes.get_xlim() == (-0.5, 7.5) and axes.get_ylim() == (7.5, -0.5)
    letters = [[t.get_text() for t in a.xaxis.get_ticklabels()] for a in axes.child_axes[:1]]
    letters += [[t.get_text() for t in a.yaxis.get_ticklabels()] for a in axes.child_axes[1:]]
    assert letters == [list(SEQ), list(SEQ)]


def test_long_sequences_have_no_letters(axes):
    draw_grid(axes, "A" * 81)
    assert axes.child_axes == []


def test_boxes_lie_on_their_pixels_with_opacity_by_probability(axes):
    boxes = boxes_to_array(
        [stem_box(2, 30, 4), Box(INTERIOR, 5, 22, 3, 6), Box(HAIRPIN, 8, 8, 5, 5)]
    )
    draw_boxes(axes, boxes, np.array([0.9, 0.25, 0.5]))
    filled = [patch for patch in axes.patches if patch.get_fill()]
    assert [p.get_alpha() for p in filled] == [0.25, 0.5, 0.9]  # the most probable on top
    assert [p.get_facecolor() for p in filled] == [
        to_rgba(KIND_COLOURS[kind], alpha) for kind, alpha in ((1, 0.25), (2, 0.5), (0, 0.9))
    ]
    assert filled[0].get_bbox().bounds == (21.5, 4.5, 6, 3)  # column, row, columns, rows
    assert filled[2].get_bbox().bounds == (26.5, 1.5, 4, 4)


def test_outlines_and_known_pairs(axes):
    outline_boxes(axes, boxes_to_array([stem_box(2, 30, 4)]))
    assert [p.get_edgecolor() for p in axes.patches] == [
        to_rgba("black"),
        to_rgba(KIND_COLOURS[STEM]),
    ]
    assert not any(p.get_fill() for p in axes.patches)
    draw_known_pairs(axes, np.array([[2, 30], [3, 29]]))
    below = [p.get_bbox().bounds for p in axes.patches[2:]]
    assert below == [(1.5, 29.5, 1, 1), (2.5, 28.5, 1, 1)]  # column 2, row 30


def test_table_of_proposals_names_targets_and_what_was_missed():
    pairs = base_pairs_from_dot_bracket("((((..((((....))))...))))")
    found = proposals(
        [stem_box(0, 24, 4), stem_box(6, 17, 3)], [Box(HAIRPIN, 9, 9, 6, 6)], [0.8, 0.5], [0.25]
    )
    table = proposals_table(found, pairs)
    assert table["kind"].tolist() == ["stem", "stem", "hairpin", "stem", "interior_loop"]
    assert table[["row", "col", "n_rows", "n_cols"]].to_numpy().tolist() == [
        [0, 21, 4, 4],
        [6, 15, 3, 3],
        [9, 9, 6, 6],
        [6, 14, 4, 4],
        [3, 17, 4, 5],
    ]
    assert table["is_target"].tolist() == [True, False, True, True, True]
    assert table["probability"][:3].tolist() == [pytest.approx(p) for p in (0.8, 0.5, 0.25)]
    assert table["probability"][3:].isna().all()
    unknown = proposals_table(found, None)
    assert len(unknown) == 3 and unknown["is_target"].isna().all()


def test_figure_of_proposals():
    pairs = base_pairs_from_dot_bracket("((...)).")
    found = proposals([stem_box(0, 6, 2)], [], [0.5], [])
    figure = proposals_figure(SEQ, found, pairs, "a title")
    patches = [p for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    # a filling and its hairline, two lines for each of two target boxes, two known pairs
    assert len(patches) == 2 + 4 + 2
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == ["stem", "interior loop", "hairpin"] and "target box" in labels
    bare = proposals_figure(SEQ, found, None, "a title")
    assert len(bare.axes[0].patches) == 2
    assert "target box" not in [text.get_text() for text in bare.legends[0].get_texts()]


def test_table_of_multiloops():
    seq = "G" * len(TWO_LOOPS)
    table = multiloops_table(seq, base_pairs_from_dot_bracket(TWO_LOOPS))
    assert table["loop"].tolist() == [1, 1, 1, 2, 2, 2]
    assert table["role"].tolist() == ["outer", "inner", "inner"] * 2
    pairs = [[1, 34], [3, 9], [11, 33], [12, 32], [14, 22], [23, 30]]
    assert table[["row", "col"]].to_numpy().tolist() == pairs
    assert table["n_closing"].tolist() == [3] * 6
    assert table["n_unpaired"].tolist() == [2, 2, 2, 2, 2, 2]
    assert table["bases"].tolist() == ["GG"] * 6


def test_multiloops_are_polygons_of_their_closing_pairs():
    seq, pairs = "A" * len(TWO_LOOPS), base_pairs_from_dot_bracket(TWO_LOOPS)
    figure = multiloops_figure(seq, pairs, "a title")
    polygons = [p for p in figure.axes[0].patches if isinstance(p, Polygon)]
    for polygon, loop in zip(polygons, multiloops(pairs), strict=True):
        assert polygon.get_xy()[:-1].tolist() == loop[:, ::-1].tolist()  # (column, row)
        np.testing.assert_array_equal(polygon.get_xy()[-1], loop[0, ::-1])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0] == "loop 1: 3 closing pairs, 2 unpaired bases"
    assert polygons[0].get_edgecolor() != polygons[1].get_edgecolor()


def run_metrics(n_epochs, score=True):
    """Metrics of a run in which L1 falls and everything else rises until the second epoch."""
    epochs = np.arange(1, n_epochs + 1)
    value = 0.5 - 0.1 * abs(epochs - 2)
    columns = {"step": epochs, "train/loss": 3.0 / epochs, "train/ends/paired": 1.0 / epochs}
    columns |= {f"train/boxes/{head.name}": 2.0 / epochs for head in BOX_HEADS}
    for name in METRIC_NAMES:
        columns[f"validation/{name}"] = 1 - value if name.endswith("_l1") else value
    columns["validation/ends/stem_recall"] = 0.9 + 0 * epochs
    if score:
        columns["validation/score"] = 1.0 * epochs
    return pd.DataFrame(columns)


def test_progress_table_holds_every_curve():
    metrics = run_metrics(3).assign(**{"training/stem/auroc": [0.6, 0.7, np.nan]})
    table = progress_table(metrics).set_index(["name", "examples"]).sort_index()
    assert len(table) == 3 * (len(metrics.columns) - 1)
    assert table.loc[("loss", "training"), "value"].tolist() == [3, 1.5, 1]
    assert table.loc[("stem/auroc", "validation"), "value"].tolist() == pytest.approx(
        [0.4, 0.5, 0.4]
    )
    assert table.loc[("stem/auroc", "training"), "epoch"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(
        table.loc[("stem/auroc", "training"), "value"], [0.6, 0.7, np.nan]
    )


def test_best_epoch_is_that_of_the_score_or_of_the_metrics():
    assert best_epoch(run_metrics(4)) == 4
    assert best_epoch(run_metrics(4, score=False)) == 2
    undefined = run_metrics(4).assign(**{"validation/score": [np.nan, 2, 1, np.nan]})
    assert best_epoch(undefined) == 2


def test_panels_show_every_name_once():
    names = list(dict.fromkeys(progress_table(run_metrics(1))["name"]))
    rows = panels([*names, "loops/inner/face", "something"])
    assert {len(row) for row in rows} == {4}
    shown = [name for row in rows for panel in row for name in panel.names]
    assert sorted(shown) == sorted([*names, "loops/inner/face", "something"])
    assert rows[1][1].names == [
        f"interior_loop/{n}" for n in ("location_x", "location_y", "size_x", "size_y")
    ]


def test_progress_figure_draws_both_sets_and_marks_the_best_epoch():
    metrics = run_metrics(5).assign(**{"training/stem/auroc": np.linspace(0.6, 1, 5)})
    figure = progress_figure(metrics, "runs/x")
    best, *lines = figure.axes[0].lines
    assert best.get_linestyle() == ":" and list(best.get_xdata()) == [5, 5]
    curves = {(line.get_color(), line.get_linestyle()): list(line.get_ydata()) for line in lines}
    blue = lines[0].get_color()
    assert curves[blue, "--"] == pytest.approx([0.6, 0.7, 0.8, 0.9, 1.0])
    assert curves[blue, "-"] == pytest.approx([0.4, 0.5, 0.4, 0.3, 0.2])
    assert figure.axes[0].get_title().startswith("stem: on")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "training",
        "validation",
        "best epoch",
    ]


def random_logits(length):
    return np.random.default_rng(1).normal(size=(123, length, length)).astype(np.float32)


def test_shift_figure_marks_the_classes_that_point_to_the_box():
    box = stem_box(3, 20, 3)
    table = shift_table(random_logits(24), box, outside=2)
    figure = shift_figure(table, "a title")
    on, x = figure.axes[0], figure.axes[2]
    assert [bar.get_height() for bar in on.patches] == pytest.approx(
        table[(table["line"] == "top_row") & (table["head"] == "size") & (table["value"] == 1)][
            "on_probability"
        ].tolist()
    )
    marks = [p.get_bbox().bounds[:2] for p in x.patches]
    assert marks == [pytest.approx((k - 0.4, -0.4)) for k in range(5)]  # x stays 0 in the top row
    marks = [p.get_bbox().bounds[:2] for p in figure.axes[3].patches]
    assert marks == [pytest.approx((k - 0.4, k - 0.4)) for k in range(5)]  # and moves on downward
    assert [t.get_text() for t in x.get_yticklabels()] == ["0", "2", "4", "6", "8", ">10"]
    image = x.collections[0].get_array()
    expected = table[(table["line"] == "top_row") & (table["head"] == "location_x")]
    np.testing.assert_allclose(
        image, expected.pivot(index="value", columns="offset", values="probability")
    )


def test_curves_of_the_statistics():
    boxes = boxes_to_array([stem_box(3, 30, 4), Box(HAIRPIN, 6, 6, 22, 22)])
    statistics = ShiftStatistics(outside=3)
    statistics.add(random_logits(36), boxes)
    table, voters = statistics.table(), statistics.voters()
    figure = statistics_figure(table, voters, "a title")
    assert [axes.get_title() for axes in figure.axes[:3]] == [
        "stem: top row",
        "stem: right column",
        "stem: anti-diagonal",
    ]
    part = table[(table["kind"] == "stem") & (table["line"] == "top_row")]
    drawn = [v for line in figure.axes[0].lines for v in line.get_ydata()]
    wanted = [
        v
        for name in CURVES
        for region in ("before", "inside", "after")
        for v in part[part["region"] == region][name]
    ]
    np.testing.assert_allclose(drawn, wanted)
    bars = [bar.get_height() for bar in figure.axes[5].patches]
    np.testing.assert_allclose(
        bars, [*voters["inside_per_area"], *voters["outside_per_area"]], equal_nan=True
    )
