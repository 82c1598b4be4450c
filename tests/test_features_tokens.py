import numpy as np
import pytest
from numpy.typing import NDArray

from boxfold.features.box import boxes_to_array, hairpin_box, interior_loop_box, stem_box
from boxfold.features.proposals import EVIDENCE, run_proposals
from boxfold.features.tokens import (
    GEOMETRY_NAMES,
    N_TOKEN_FEATURES,
    TOKEN_HELP,
    TOKEN_NAMES,
    box_tokens,
)

#      0123456789012345678
SEQ = "GGAGCGAAAGCACCNNUAC"
STEMS = boxes_to_array([stem_box(0, 13, 2), stem_box(3, 10, 2), stem_box(1, 18, 1)])
LOOPS = boxes_to_array([interior_loop_box(1, 12, 3, 10), hairpin_box(4, 9)])


def no_evidence(n_boxes: int) -> NDArray[np.float32]:
    return np.zeros((n_boxes, len(EVIDENCE)), dtype=np.float32)


def columns(tokens: NDArray[np.float32]) -> dict[str, list[float]]:
    names = zip(TOKEN_NAMES, tokens.T.astype(np.float64).round(6).tolist(), strict=True)
    return dict(names)


def test_tokens_of_an_interior_loop_by_hand() -> None:
    boxes = np.concatenate([STEMS, LOOPS])
    evidence = no_evidence(5)
    evidence[0] = [-6, 0.9, 0.8, 0.7, 0.6, 0.5, 1.5, 3.0]
    energies = np.array([[-3.3, 5.0, 0.0], [-3.4, 3.5, 0.5], [0, 30, -0.1], [0, 0, 0], [0, 0, 0]])
    score = np.array([0.5, 0.9, 0.7, 0.25, 0.125])
    value = columns(box_tokens(SEQ, boxes, score, evidence, energies))
    expected = {
        "is_stem": [1, 1, 1, 0, 0],
        "is_interior_loop": [0, 0, 0, 1, 0],
        "is_hairpin": [0, 0, 0, 0, 1],
        "outer_i_nt": [0, 0.015, 0.005, 0.005, 0.02],
        "outer_j_nt": [0.065, 0.05, 0.09, 0.06, 0.045],
        "inner_i_nt": [0.005, 0.02, 0.005, 0.015, 0.045],
        "inner_j_nt": [0.06, 0.045, 0.09, 0.05, 0.02],
        "span_nt": [0.07, 0.04, 0.09, 0.06, 0.03],
        "inside_nt": [0.05, 0.02, 0.08, 0.03, 0],
        "length_nt": [0.095] * 5,
        "n_rows": [0.2, 0.2, 0.1, 0.3, 0.6],
        "n_cols": [0.2, 0.2, 0.1, 0.3, 0.6],
        "is_single": [0, 0, 1, 0, 0],
        "is_double": [1, 1, 0, 0, 0],
        "outer_GC": [1, 1, 1, 1, 0],
        "outer_CG": [0, 0, 0, 0, 1],
        "inner_GC": [1, 0, 1, 1, 0],
        "inner_CG": [0, 1, 0, 0, 0],
        "before_A": [0, 1, 0, 0, 0],
        "before_G": [0, 0, 1, 1, 1],
        "after_A": [0, 1, 0, 0, 0],
        "after_C": [0, 0, 0, 1, 1],
        "inside5_A": [1, 0, 1, 0, 0],
        "inside5_G": [0, 1, 0, 0, 1],
        "inside3_A": [1, 1, 1, 0, 1],
        "extends_out": [0, 0, 0, 1, 1],
        "extends_in": [0, 0, 0, 1, 0],
        "gc": [1, 1, 1, 4 / 6, 0.5],
        "loop_size": [10 / 30, 4 / 30, 16 / 30, 0, 4 / 30],
        "is_triloop": [0, 0, 0, 0, 0],
        "is_tetraloop": [0, 1, 0, 0, 1],
        "stack": [-0.33, -0.34, 0, 0, 0],
        "hairpin": [0.5, 0.35, 2, 0, 0],
        "exterior": [0, 0.05, -0.01, 0, 0],
        "score": score.tolist(),
        "rank": [2 / 64, 0, 1 / 64, 3 / 64, 4 / 64],
        "top": [1 / 3, 1, 1 / 2, 1 / 4, 1 / 5],
        "log_probability": [-0.5, 0, 0, 0, 0],
        "outer_end": [0.7, 0, 0, 0, 0],
        "votes_scalar": [2, 0, 0, 0, 0],  # cut
        "shares": [2 / 4, 2 / 4, 2 / 4, 3 / 4, 1 / 4],
        "crosses": [0] * 5,
        "encloses": [2 / 4, 0, 2 / 4, 1 / 4, 0],
        "enclosed": [0, 2 / 4, 0, 0, 3 / 4],
        "rival": [0.7, 0.25, 0.5, 0.9, 0.9],
    }
    for name in expected:
        assert value[name] == pytest.approx(expected[name], abs=1e-6), name


def test_positions_are_given_by_length_too() -> None:
    value = columns(box_tokens(SEQ, STEMS, np.ones(3), no_evidence(3)))
    for name in ("outer_i", "outer_j", "inner_i", "inner_j", "span", "inside"):
        by_length = np.array(value[name]) * len(SEQ)
        assert by_length == pytest.approx(np.array(value[f"{name}_nt"]) * 200, abs=1e-3)


def test_loops_are_evidence_for_the_stems_at_their_corners() -> None:
    loops = np.concatenate([LOOPS, LOOPS[:1]])
    loop_score = np.array([0.25, 0.5, 0.75])
    value = columns(
        box_tokens(SEQ, STEMS, np.ones(3), no_evidence(3), loops=loops, loop_score=loop_score)
    )
    assert value["loop_inwards"] == [0.75, 0, 0]
    assert value["loop_outwards"] == [0, 0.75, 0]
    assert value["loop_hairpin"] == [0, 0.5, 0]


def test_an_unknown_base_is_no_base_and_pairs_with_none() -> None:
    stem = boxes_to_array([stem_box(1, 7, 1)])
    value = columns(box_tokens("NGNAAANCN", stem, np.ones(1), no_evidence(1)))
    assert value["outer_GC"] == [1]
    for name in TOKEN_NAMES:
        if name.startswith(("before_", "after_", "inside5_", "inside3_", "extends_")):
            assert value[name] == [0], name


def test_geometry_alone_knows_type_location_and_size_only() -> None:
    proposals = run_proposals("GGGGCGAAAGCACCCCAAGGUUCGCC", 20)
    energies = np.full((len(proposals.boxes), 3), -3.0)
    full = box_tokens("GGGGCGAAAGCACCCCAAGGUUCGCC", *proposals[:3], energies)
    bare = box_tokens("GGGGCGAAAGCACCCCAAGGUUCGCC", *proposals[:3], energies, geometry_only=True)
    n_geometry = len(GEOMETRY_NAMES)
    assert TOKEN_NAMES[:n_geometry] == GEOMETRY_NAMES
    assert bare.shape == full.shape
    assert bare[:, :n_geometry].tolist() == full[:, :n_geometry].tolist()
    assert not bare[:, n_geometry:].any()
    assert (full[:, n_geometry:] != 0).any(axis=1).all()
    other_bases = box_tokens("A" * 26, *proposals[:3], geometry_only=True)
    assert other_bases.tolist() == bare.tolist()


def test_reordering_the_boxes_reorders_the_tokens() -> None:
    rng = np.random.default_rng(3)
    seq = "".join(rng.choice(list("ACGU"), 50))
    boxes = run_proposals(seq, 30).boxes
    score = rng.permutation(np.linspace(0, 1, len(boxes)))
    evidence = rng.random((len(boxes), len(EVIDENCE)))
    energies = rng.normal(size=(len(boxes), 3))
    tokens = box_tokens(seq, boxes, score, evidence, energies)
    order = rng.permutation(len(boxes))
    shuffled = box_tokens(seq, boxes[order], score[order], evidence[order], energies[order])
    assert np.array_equal(shuffled, tokens[order])


def test_values_stay_in_bounds_whatever_the_energies() -> None:
    energies = np.array([[-1e5, 1e5, np.inf]] * 3)
    tokens = box_tokens(SEQ, STEMS, np.ones(3), no_evidence(3) - 50, energies)
    assert tokens.dtype == np.float32
    assert np.isfinite(tokens).all()
    assert np.abs(tokens).max() == 2


def test_each_column_has_one_name_and_a_meaning() -> None:
    assert len(TOKEN_NAMES) == len(set(TOKEN_NAMES)) == N_TOKEN_FEATURES
    assert all(TOKEN_HELP.values())


def test_no_box_no_token() -> None:
    empty = np.zeros((0, 5), dtype=np.int64)
    assert box_tokens("ACGU", empty, np.zeros(0), no_evidence(0)).shape == (0, N_TOKEN_FEATURES)


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"score has shape \(2,\), \(3,\) is needed"):
        box_tokens(SEQ, STEMS, np.ones(2), no_evidence(3))
    with pytest.raises(ValueError, match="evidence has shape"):
        box_tokens(SEQ, STEMS, np.ones(3), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="energies has shape"):
        box_tokens(SEQ, STEMS, np.ones(3), no_evidence(3), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="leaves the sequence of 18 bases"):
        box_tokens(SEQ[:-1], STEMS, np.ones(3), no_evidence(3))
