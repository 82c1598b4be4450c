"""Pictures of recordings: what is in each, by the artists that are drawn."""

from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Arc, FancyArrowPatch, Polygon, Rectangle

from boxfold.agents.pictures.grid import draw_multiloops, draw_proposals
from boxfold.agents.pictures.steps import draw_steps, states_after
from boxfold.agents.pictures.structure import draw_structure
from boxfold.agents.pictures.style import LONGEST_ID, SURE, title_of
from boxfold.agents.pictures.track import draw_confidence
from boxfold.agents.pictures.views import VIEWS
from boxfold.agents.recording import Recording, Step
from boxfold.features.box import boxes_to_array, hairpin_box, stem_box
from boxfold.features.errors import InputError
from boxfold.features.pair_confidence import Confidence
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.inspection.drawing import KIND_COLOURS, save_figure
from boxfold.scripts.plot import WHAT

SEQ, KNOT = "GGGAACCCAACCCAAGGG", "(((..[[[..)))..]]]"
SVG = "{http://www.w3.org/2000/svg}"


def recording(**fields):
    """A knot of two stems that were picked, a third one that was ruled out, and a hairpin."""
    pairs = base_pairs_from_dot_bracket(KNOT)
    boxes = [stem_box(0, 12, 3), stem_box(5, 17, 3), stem_box(0, 11, 2), hairpin_box(2, 10)]
    known = {
        "id": "knot",
        "seq": SEQ,
        "base_pairs": pairs,
        "free_energy": -1.0,
        "agent": "judge",
        "boxes": boxes_to_array(boxes),
        "probability": np.array([0.75, 0.5, 0.25, 0.125]),
        "steps": (Step(None, 0, 0, ()), Step(0, -1.5, 0.5, (2,)), Step(1, -1.0, 0.25, ())),
        "confidence": Confidence(np.linspace(0, 1, 6), 0.5),
        "base_confidence": np.linspace(0, 1, 18),
        "reference": pairs[:3],
    }
    return Recording(**{**known, **fields})


def texts(axes):
    return [each.get_text() for each in axes.texts]


def patches(axes, kind):
    return [each for each in axes.patches if isinstance(each, kind)]


def test_the_verb_offers_the_views_that_there_are():
    assert set(WHAT) == set(VIEWS)


@pytest.mark.parametrize(
    ("what", "suffix"), [*((what, "svg") for what in VIEWS), ("arcs", "png"), ("arcs", "pdf")]
)
def test_the_same_recording_gives_the_same_bytes(what, suffix, tmp_path):
    paths = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in paths:
        save_figure(VIEWS[what](recording()), path, dpi=40)
    first, second = (path.read_bytes() for path in paths)
    assert first == second and len(first) > 1000
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert first.startswith(starts[suffix])


def test_the_svg_of_a_structure_has_its_parts(tmp_path):
    save_figure(draw_structure(recording()), tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    groups = {each.get("id"): each for each in root.iter(f"{SVG}g")}
    assert root.tag == f"{SVG}svg" and {"chain", "pairs", "bases", "knotted"} <= set(groups)
    assert len(list(groups["pairs"].iter(f"{SVG}path"))) == 3
    assert len(list(groups["bases"].iter(f"{SVG}use"))) == 18
    assert [each.get("id") for each in root.iter(f"{SVG}g")].count("knotted") == 3


def test_the_structure_is_coloured_by_what_is_sure():
    (axes, *_) = draw_structure(recording()).axes
    pairs = next(each for each in axes.collections if each.get_gid() == "pairs")
    bases = next(each for each in axes.collections if each.get_gid() == "bases")
    assert pairs.get_colors().tolist() == SURE(np.linspace(0, 1, 6)[:3]).tolist()
    assert bases.get_facecolors().tolist() == SURE(np.linspace(0, 1, 18)).tolist()
    arcs = patches(axes, FancyArrowPatch)
    assert [to_rgba(arc.get_edgecolor()) for arc in arcs] == [
        SURE(each) for each in np.linspace(0, 1, 6)[3:]
    ]
    assert "".join(texts(axes)[:18]) == SEQ and texts(axes)[18:] == ["5'", "3'", "10"]


def test_arcs_of_a_knot_go_below_where_nothing_is_known():
    (axes, *_) = VIEWS["arcs"](recording(reference=None, confidence=None)).axes
    arcs = patches(axes, Arc)
    assert [arc.theta1 for arc in arcs] == [0] * 3 + [180] * 3
    assert {arc.get_edgecolor() for arc in arcs} == {SURE(1.0)}
    assert [arc.width for arc in arcs] == [12, 10, 8] * 2


def test_a_long_sequence_has_positions_in_place_of_letters():
    pairs = np.array([[0, 399], [1, 398]])
    (axes,) = VIEWS["arcs"](Recording("long", "ACGU" * 100, pairs)).axes
    assert texts(axes) == ["100", "200", "300", "5'", "3'"]


def test_the_grid_shows_proposals_by_probability_and_the_structure_outlined():
    (axes, *_) = draw_proposals(recording()).axes
    filled = [each for each in patches(axes, Rectangle) if each.get_fill() and each.get_alpha()]
    assert [each.get_alpha() for each in filled] == [0.125, 0.25, 0.5, 0.75]
    last = filled[-1]
    assert to_rgba(last.get_facecolor())[:3] == to_rgba(KIND_COLOURS[0])[:3]
    assert (last.get_xy(), last.get_width(), last.get_height()) == ((9.5, -0.5), 3, 3)
    outlines = [each for each in patches(axes, Rectangle) if to_rgba("black") == each.get_ec()]
    assert [each.get_xy() for each in outlines] == [(9.5, -0.5), (14.5, 4.5)]
    (dots,) = axes.collections
    assert dots.get_offsets().tolist() == recording().base_pairs[:, ::-1].tolist()
    known = [each.get_xy() for each in patches(axes, Rectangle) if each.get_fc()[:3] == (0.35,) * 3]
    assert known == [(-0.5, 11.5), (0.5, 10.5), (1.5, 9.5)]


def test_steps_show_the_curves_and_the_state_after_each_pick():
    found = recording()
    figure = draw_steps(found)
    curves = {line.get_gid(): line for axes in figure.axes for line in axes.lines}
    assert curves["energy"].get_ydata().tolist() == [0, -1.5, -1.0]
    assert curves["reward"].get_ydata().tolist() == [0, 0.5, 0.25]
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["1: stem 1-13\n-1.5 kcal/mol", "2: stem 6-18\n-1.0 kcal/mol"]
    assert states_after(found, 0).tolist() == ["allowed"] * 3 + [""]
    assert states_after(found, 1).tolist() == ["picked", "allowed", "excluded", ""]
    assert states_after(found, 2).tolist() == ["picked", "picked", "excluded", ""]


def test_many_steps_are_thinned_out_with_the_last_one_kept():
    steps = tuple(Step(0 if k else None, -float(k), 0.0, ()) for k in range(31))
    titles = [axes.get_title() for axes in draw_steps(recording(steps=steps)).axes]
    shown = [int(title.split(":")[0]) for title in titles if title]
    assert len(shown) == 12 and shown[0] == 1 and shown[-1] == 30


def test_nothing_picked_is_drawn_as_the_start():
    titles = [
        axes.get_title() for axes in draw_steps(recording(steps=(Step(None, 0, 0, ()),))).axes
    ]
    assert "start\n0.0 kcal/mol" in titles


@pytest.mark.parametrize(
    ("draw", "missing"), [(draw_steps, {"steps": ()}), (draw_confidence, {"base_confidence": None})]
)
def test_what_is_not_known_is_not_drawn(draw, missing):
    with pytest.raises(InputError, match="record 'knot'"):
        draw(recording(**missing))


def test_a_multiloop_is_the_polygon_of_its_closing_pairs():
    pairs = base_pairs_from_dot_bracket(".((..((...))..((...))..))")
    figure = draw_multiloops(Recording("m", "GCGGAUUUAGCUCAGUUGGGAGAGC", pairs))
    (polygon,) = patches(figure.axes[0], Polygon)
    assert polygon.get_xy()[:3].tolist() == [[23, 2], [11, 5], [20, 14]]
    assert figure.get_suptitle() == "m\n25 nt"
    assert "no multi-branch loop" in draw_multiloops(recording()).get_suptitle()


def test_bars_are_as_high_as_bases_are_sure():
    (axes,) = draw_confidence(recording()).axes
    bars = patches(axes, Rectangle)
    assert [bar.get_height() for bar in bars] == np.linspace(0, 1, 18).tolist()
    (dots,) = axes.lines
    assert dots.get_xdata().tolist() == [0, 1, 2, 5, 6, 7, 10, 11, 12, 15, 16, 17]


@pytest.mark.parametrize("what", VIEWS)
def test_a_hostile_id_is_drawn_as_it_is(what, tmp_path):
    found = recording(id="$\\frac{ <script>&amp; 漢字\x1b[31m\n" + "x" * 500, agent="$_{")
    save_figure(VIEWS[what](found), tmp_path / "a.svg")
    ElementTree.parse(tmp_path / "a.svg")
    first, second = title_of(found).splitlines()
    assert first.startswith("$\\frac{ <script>&amp; 漢字\\x1b[31m xx")
    assert len(first) == LONGEST_ID and "by $_{" in second


def test_titles_say_what_is_known():
    assert title_of(recording()).splitlines() == [
        "knot",
        "18 nt, by judge, -1.0 kcal/mol, confidence 0.50, F1 0.67",
    ]
    assert title_of(Recording("a", "ACGU", np.zeros((0, 2), dtype=int))) == "a\n4 nt"


@pytest.mark.parametrize("what", ["structure", "arcs", "grid"])
@pytest.mark.parametrize("seq", ["A", "ACGUN"])
def test_a_sequence_without_pairs_can_be_drawn(what, seq, tmp_path):
    save_figure(VIEWS[what](Recording("a", seq, np.zeros((0, 2), dtype=int))), tmp_path / "a.png")
