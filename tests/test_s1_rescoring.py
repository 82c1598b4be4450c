import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.box import BoxKind, boxes_to_array, hairpin_box, interior_loop_box, stem_box
from boxfold.features.channels import canonical_mask
from boxfold.s1.ends import chain_scores, sub_runs
from boxfold.s1.loop_ends import N_FACES, N_SIDE, LoopCandidates, LoopEnds, loop_candidates
from boxfold.s1.rescoring import LOOP_FEATURES, STEM_FEATURES, loop_features, stem_features

SEQ = "GGGAGGAAAACCACCC"  # 16 nt: three pairs, A and A, two pairs, a hairpin of four
LOW = 1e-4
FLOOR = np.log(LOW) / 5
NO_LOOPS = LoopCandidates(np.zeros((0, 5), dtype=np.int64), np.zeros(0), np.zeros((0, 8)))
SHORT = ("AAAA", "A", "G", "GGGGGG")


def no_ends():
    empty = (np.zeros((0, 2), dtype=np.int64), np.zeros(0), np.zeros((0, N_SIDE)))
    return LoopEnds(*(part for part in empty for _ in range(2)))


def stem_columns(seq, stems, probability, loops=NO_LOOPS, loop_ends=None, ends=None):
    """`stem_features` of boxes by name, divisors taken back where a column has one."""
    if ends is None:
        ends = np.full((3, len(seq), len(seq)), 0.5, dtype=np.float32)
    stems, log = boxes_to_array(stems), np.log(probability)
    found = stem_features(seq, ends, loop_ends or no_ends(), stems, log, loops)
    assert found.shape == (len(stems), len(STEM_FEATURES)) and found.dtype == np.float32
    return dict(zip(STEM_FEATURES, found.T.astype(float), strict=True))


def loops_of(boxes, probability, parts=None):
    parts = np.zeros((len(boxes), 8)) if parts is None else np.array(parts, dtype=float)
    return LoopCandidates(boxes_to_array(boxes), np.log(probability), parts)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_stem_by_its_own_numbers():
    ends = np.full((3, 16, 16), 0.25, dtype=np.float32)
    ends[0, 0, 15], ends[1, 0, 15] = 0.9, 0.7
    ends[0, 2, 13], ends[2, 2, 13] = 0.8, 0.6
    ends[0, 5, 10] = ends[2, 5, 10] = 1.0
    ends[1, 4, 11] = 0.0
    columns = stem_columns(SEQ, [stem_box(0, 15, 3), stem_box(4, 11, 2)], [0.5, 0.25], ends=ends)
    close(columns["log_probability"], np.log([0.5, 0.25]) / 5)
    close(columns["logit_paired_outer"], np.log([9, 1 / 3]) / 5)
    sure = np.log(np.float32(1 - 1e-6)) - np.log1p(-np.float32(1 - 1e-6))
    close(columns["logit_paired_inner"], np.array([np.log(4), sure]) / 5)
    close(columns["log_outer_end"], np.log([0.7, 1e-6]) / 5)
    close(columns["log_inner_end"], np.array([np.log(0.6), 0]) / 5)
    close(columns["n_pairs"], [0.6, 0.4])
    close(columns["distance"], [15 / 16, 7 / 16])
    close(columns["log_length"], [np.log(16) / 5] * 2)
    close(columns["stack_energy"], [2 * -3.3 / 5, -3.3 / 5])  # GC on GC


def test_longer_runs_outwards_and_inwards():
    seq = "GGGGGAAAACCCCC"
    assert canonical_mask(seq)[0:5, 13:8:-1].diagonal().all()
    columns = stem_columns(seq, [stem_box(0, 13, 5), stem_box(1, 12, 2)], [0.1, 0.1])
    close(columns["longer_outwards"], [0, 1 / 5])
    close(columns["longer_inwards"], [0, 2 / 5])
    long = "G" * 20 + "AAAA" + "C" * 20
    columns = stem_columns(long, [stem_box(13, 30, 1), stem_box(0, 43, 20)], [0.1, 0.1])
    close(columns["longer_outwards"], [2, 0])  # at most 10
    close(columns["longer_inwards"], [6 / 5, 0])
    close(columns["n_pairs"], [1 / 5, 3])  # at most 15


def test_rivals_by_hand():
    """The first and its variant share (1, 14); the third wants bases 14 and 15 for 4 and 5."""
    stems = [stem_box(0, 15, 2), stem_box(1, 14, 2), stem_box(4, 15, 2)]
    columns = stem_columns(SEQ, stems, [0.5, 0.3, 0.2])
    # Of the 2 bases of each side of the first, half are shared with the variant.
    close(columns["variants"], [0.15, 0.25, 0])
    close(columns["rivals_row"], [0, 0, 0])
    # Columns 14, 15: 0.2 on both; columns 13, 14: 0.2 on one of two; the third: 0.5 and 0.8.
    close(columns["rivals_column"], [0.2, 0.1, 0.65])
    close(columns["strongest_rival"], [0.2, 0.1, 0.65])


def test_a_base_may_be_wanted_on_either_side():
    """Base 5 and 6 are 3' of the second stem and 5' of the first."""
    seq = "GGAAACCGGAACCGG"
    columns = stem_columns(seq, [stem_box(5, 14, 2), stem_box(0, 6, 2)], [0.5, 0.4])
    close(columns["rivals_row"], [0.4, 0])
    close(columns["rivals_column"], [0, 0.5])
    close(columns["strongest_rival"], [0.4, 0.5])
    close(columns["variants"], [0, 0])


def brute_force_rivals(stems, probability):
    """By loops over stems and bases; variants have the same i + j and share a pair."""
    names = ("rivals_row", "rivals_column", "strongest_rival", "variants")
    found = {name: [] for name in names}
    pairs = [[(row + k, col + n - 1 - k) for k in range(n)] for _, row, col, n, _ in stems]
    for one in range(len(stems)):
        totals = []
        for side in (0, 1):
            total = 0.0
            for base in (pair[side] for pair in pairs[one]):
                for other in range(len(stems)):
                    if sum(pairs[one][0]) == sum(pairs[other][0]):
                        continue
                    total += probability[other] * sum(base in pair for pair in pairs[other])
            totals.append(total / len(pairs[one]))
        found["rivals_row"].append(totals[0])
        found["rivals_column"].append(totals[1])
        found["strongest_rival"].append(max(totals))
        shared = [
            probability[other] * len(set(pairs[one]) & set(pairs[other]))
            for other in range(len(stems))
            if other != one
        ]
        found["variants"].append(sum(shared) / len(pairs[one]))
    return found


def random_seq(seed, length):
    return "".join(np.random.default_rng(seed).choice(list("GCGCAU"), length))


@given(st.integers(0, 10_000), st.integers(5, 30))
@settings(max_examples=25)
def test_rivals_are_what_loops_over_stems_and_bases_count(seed, length):
    seq, rng = random_seq(seed, length), np.random.default_rng(seed)
    stems = sub_runs(seq)
    stems = stems[rng.permutation(len(stems))[:40]]
    probability = rng.uniform(0.001, 1, len(stems))
    ends = rng.uniform(size=(3, length, length)).astype(np.float32)
    found = stem_features(seq, ends, no_ends(), stems, np.log(probability), NO_LOOPS)
    for name, expected in brute_force_rivals(stems.tolist(), probability).items():
        column = found[:, STEM_FEATURES.index(name)]
        np.testing.assert_allclose(column, expected, atol=1e-5, err_msg=name)


def test_best_loops_at_the_ends_of_stems():
    stems = [stem_box(0, 15, 3), stem_box(4, 11, 2), stem_box(1, 14, 1)]
    loops = loops_of(
        [
            interior_loop_box(2, 13, 4, 11),
            interior_loop_box(2, 13, 5, 11),
            interior_loop_box(1, 14, 4, 11),
            hairpin_box(5, 10),
            hairpin_box(2, 13),
        ],
        [0.3, 0.6, 0.7, 0.2, 0.05],
    )
    columns = stem_columns(SEQ, stems, [0.5] * 3, loops)
    close(columns["log_hairpin"], np.log(np.array([0.05, 0.2, 0]) + LOW) / 5)
    close(columns["log_interior_inside"], np.log(np.array([0.6, 0, 0.7]) + LOW) / 5)
    close(columns["log_interior_outside"], np.log(np.array([0, 0.7, 0]) + LOW) / 5)


def test_faces_of_the_ends_that_were_asked():
    faces = np.log(np.array([[0.2, 0.3, 0.5], [0.6, 0.1, 0.3], [0.5, 0.5, 1e-9]]))
    logits = np.concatenate([faces + 2, np.ones((3, N_SIDE - N_FACES))], axis=1)
    ends = LoopEnds(
        np.array([[2, 13], [5, 10]]),
        np.array([[0, 15]]),
        np.zeros(2),
        np.zeros(1),
        logits[[0, 2]].astype(np.float32),
        logits[[1]].astype(np.float32),
    )
    stems = [stem_box(0, 15, 3), stem_box(4, 11, 2)]
    columns = stem_columns(SEQ, stems, [0.5] * 2, loop_ends=ends)
    close(columns["log_face_multi_inside"], [np.log(0.5) / 5, FLOOR])  # never less
    close(columns["log_face_exterior_outside"], [np.log(0.6) / 5, FLOOR])  # (4, 11) not asked
    close(columns["log_face_multi_outside"], [np.log(0.3) / 5, FLOOR])


def loop_columns(length, loops, stems=(), probability=()):
    log = np.log(np.array(probability, dtype=float))
    found = loop_features(length, loops, boxes_to_array(stems), log)
    assert found.shape == (len(loops.boxes), len(LOOP_FEATURES)) and found.dtype == np.float32
    return dict(zip(LOOP_FEATURES, found.T.astype(float), strict=True))


def test_a_loop_by_its_own_numbers():
    parts = [[-1, -2, -3, -4, -5, -6, -7, -40], [-1, -2, 0, 0, 0, 0, 0, 0]]
    loops = loops_of([interior_loop_box(2, 40, 4, 5), hairpin_box(5, 10)], [0.5, 0.25], parts)
    columns = loop_columns(50, loops)
    close(columns["log_probability"], np.log([0.5, 0.25]) / 5)
    close(columns["inner_end"], [-0.2, -0.2])
    close(columns["inner_gap3"], [-0.8, 0])
    close(columns["outer_end"], [-1, 0])
    close(columns["outer_gap3"], [-3, 0])  # no less than -15
    close(columns["gap5"], [0.1, 0.4])
    close(columns["gap3"], [3, 0.4])  # 34 unpaired bases count as 30
    close(columns["log_size"], np.log([1 + 34, 4 + 4]))
    close(columns["asymmetry"], [3.3, 0])
    close(columns["distance"], [38 / 50, 5 / 50])
    close(columns["log_length"], [np.log(50) / 5] * 2)


def test_stems_and_other_loops_at_a_loop():
    boxes = [
        interior_loop_box(2, 13, 4, 11),
        interior_loop_box(2, 13, 5, 10),
        interior_loop_box(1, 14, 4, 11),
        hairpin_box(2, 13),
        hairpin_box(5, 10),
    ]
    score = [0.1, 0.2, 0.3, 0.4, 0.05]
    stems = [stem_box(0, 15, 3), stem_box(1, 14, 2), stem_box(4, 11, 2), stem_box(4, 11, 1)]
    columns = loop_columns(16, loops_of(boxes, score), stems, [0.5, 0.6, 0.7, 0.8])
    log = lambda *values: np.log(np.array(values) + LOW) / 5  # noqa: E731
    # Both stems of the outside end at (2, 13); of those inside, the best begins at (4, 11).
    close(columns["log_stem_outside"], log(0.6, 0.6, 0, 0.6, 0.7))
    close(columns["log_stem_inside"], [*log(0.8, 0, 0.8), 0, 0])
    # At (2, 13) lie three loops; at (4, 11) two; hairpins have no inner pair.
    close(columns["log_rivals_outside"], log(0.6, 0.5, 0, 0.3, 0))
    close(columns["log_rivals_inside"], [*log(0.3, 0, 0.1), 0, 0])


def test_others_at_a_pair_as_a_loop_counts_them():
    rng = np.random.default_rng(5)
    i, k = rng.integers(0, 3, 60), rng.integers(4, 7, 60)
    j, m = rng.integers(27, 30, 60), rng.integers(22, 25, 60)
    boxes = [interior_loop_box(*map(int, line)) for line in zip(i, j, k, m, strict=True)]
    boxes = list(dict.fromkeys(boxes)) + [hairpin_box(a, b) for a in (0, 1) for b in (27, 29)]
    score = rng.uniform(0.01, 1, len(boxes))
    columns = loop_columns(30, loops_of(boxes, score))
    for index, box in enumerate(boxes):
        others = [other for other in range(len(boxes)) if other != index]
        outside = sum(score[o] for o in others if boxes[o].outer_pair == box.outer_pair)
        close(columns["log_rivals_outside"][index], np.log(outside + LOW) / 5)
        inside = sum(
            score[o]
            for o in others
            if boxes[o].kind == BoxKind.INTERIOR_LOOP and boxes[o].inner_pair == box.inner_pair
        )
        is_hairpin = box.kind == BoxKind.HAIRPIN
        expected = 0 if is_hairpin else np.log(inside + LOW) / 5
        close(columns["log_rivals_inside"][index], expected)


def random_outputs(seq, seed):
    """Ends maps, loop ends, stems with chain scores, loops: as of an untrained network."""
    rng, length = np.random.default_rng(seed), len(seq)
    mask = canonical_mask(seq)
    ends = np.where(mask, rng.uniform(0.01, 1, (3, length, length)), 0).astype(np.float32)
    pairs = [np.argwhere(mask & (rng.uniform(size=mask.shape) < 0.6)) for _ in range(2)]
    log_end = [np.log(rng.uniform(0.01, 1, len(part))) for part in pairs]
    logits = [3 * rng.normal(size=(len(part), N_SIDE)) for part in pairs]
    loop_ends = LoopEnds(*pairs, *log_end, *logits)
    stems = sub_runs(seq)
    log = np.clip(chain_scores(ends, stems, mask), -20, 0)
    return ends, loop_ends, stems, log, loop_candidates(loop_ends)


@pytest.mark.parametrize("seed", range(3))
def test_permuted_candidates_have_permuted_lines(seed):
    seq = random_seq(seed, 36)
    ends, loop_ends, stems, log, loops = random_outputs(seq, seed)
    assert len(stems) > 50 and len(loops.boxes) > 50
    rng = np.random.default_rng(seed)
    order, loop_order = rng.permutation(len(stems)), rng.permutation(len(loops.boxes))
    mixed = LoopCandidates(*(part[loop_order] for part in loops))
    of_stems = stem_features(seq, ends, loop_ends, stems, log, loops)
    found = stem_features(seq, ends, loop_ends, stems[order], log[order], mixed)
    np.testing.assert_allclose(found, of_stems[order], atol=1e-5)
    of_loops = loop_features(36, loops, stems, log)
    found = loop_features(36, mixed, stems[order], log[order])
    np.testing.assert_allclose(found, of_loops[loop_order], atol=1e-3)  # differences near 0


@pytest.mark.parametrize("seq", SHORT)
def test_nothing_to_score(seq):
    ends = np.zeros((3, len(seq), len(seq)), dtype=np.float32)
    stems = sub_runs(seq)
    assert len(stems) == 0
    found = stem_features(seq, ends, no_ends(), stems, np.zeros(0), loop_candidates(no_ends()))
    assert found.shape == (0, len(STEM_FEATURES)) and found.dtype == np.float32
    found = loop_features(len(seq), loop_candidates(no_ends()), stems, np.zeros(0))
    assert found.shape == (0, len(LOOP_FEATURES)) and found.dtype == np.float32


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(max_examples=25)
def test_all_numbers_are_finite(seed, length):
    seq, rng = random_seq(seed, length), np.random.default_rng(seed)
    ends, loop_ends, stems, log, loops = random_outputs(seq, seed)
    extreme = np.where(canonical_mask(seq), rng.choice([0, 1e-30, 0.5, 1], ends.shape), 0)
    sure = loop_ends._replace(inner_logits=200 * np.sign(loop_ends.inner_logits))
    for maps, faces in ((ends, loop_ends), (extreme.astype(np.float32), sure)):
        candidates = loop_candidates(faces)
        found = stem_features(seq, maps, faces, stems, log, candidates)
        assert np.isfinite(found).all() and len(found) == len(stems)
        found = loop_features(length, candidates, stems, log)
        assert np.isfinite(found).all() and len(found) == len(loops.boxes)
