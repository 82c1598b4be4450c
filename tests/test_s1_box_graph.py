import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from boxfold.features.box import (
    BoxKind,
    boxes_from_array,
    boxes_to_array,
    hairpin_box,
    interior_loop_box,
    stem_box,
)
from boxfold.features.sequence import encode_bases
from boxfold.s1.box_graph import BoxGraph, end_pairs, stack_graphs
from boxfold.s1.ends import sub_runs

SEQ = "GGGAGGAAAACCACCC"  # 16 nt: three pairs, A and A, two pairs, a hairpin of four
STEMS = [stem_box(0, 15, 3), stem_box(4, 11, 2), stem_box(2, 13, 1)]
LOOPS = [interior_loop_box(2, 13, 4, 11), hairpin_box(5, 10), hairpin_box(2, 13)]


def graph_of(seq, stems, loops, seed=0):
    """Boxes with random numbers: 3 per stem, 4 per loop, 5 pixel features."""
    rng = np.random.default_rng(seed)
    numbers = (
        rng.normal(size=shape).astype(np.float32)
        for shape in ((len(stems), 3), (len(loops), 4), (len(stems) + len(loops), 5))
    )
    boxes = np.concatenate([boxes_to_array(stems), boxes_to_array(loops)])
    return BoxGraph(encode_bases(seq), boxes, len(stems), *numbers)


def random_graph(seed, length):
    """Some stems that the bases allow, hairpins and interior loops at ends of stems or anywhere."""
    rng = np.random.default_rng(seed)
    seq = "".join(rng.choice(list("GCGCAUN"), length))
    stems = boxes_from_array(rng.permutation(sub_runs(seq))[:12])
    pairs = [(i, j) for i in range(length) for j in range(i + 4, length)]
    pairs = [pairs[index] for index in rng.permutation(len(pairs))[:6]]
    pairs += [stem.inner_pair for stem in stems] + [stem.outer_pair for stem in stems]
    inside = [(a, b) for a in pairs for b in pairs if a[0] < b[0] <= b[1] < a[1]]
    inside = [inside[index] for index in rng.permutation(len(inside))[:12]]
    hairpins = [hairpin_box(i, j) for i, j in pairs[:6]]
    return graph_of(seq, stems, hairpins + [interior_loop_box(*a, *b) for a, b in inside], seed)


def groups(nodes):
    """Each node by the place where it is named first."""
    nodes = nodes.tolist()
    return [nodes.index(node) for node in nodes]


def claims_of(batch, side):
    stem, *bases = batch.claims.tolist()
    return sorted(zip(stem, bases[side], strict=True))


def test_boxes_that_share_a_pair_share_a_node():
    batch = stack_graphs([graph_of(SEQ, STEMS, LOOPS)])
    # Inside (2, 13): two stems, the interior loop and a hairpin. Inside (5, 10): stem and hairpin.
    assert groups(batch.inside) == [0, 1, 0, 0, 1, 0]
    # Outside (0, 15), (4, 11), (2, 13), again (4, 11); hairpins have nothing there, and share it.
    assert groups(batch.outside) == [0, 1, 2, 1, 4, 4]
    assert not set(batch.inside.tolist()) & set(batch.outside.tolist())
    assert set(torch.cat([batch.inside, batch.outside]).tolist()) == set(range(6))
    assert batch.n_pairs == 6


def test_a_graph_by_hand():
    graph = graph_of(SEQ, STEMS, LOOPS)
    batch = stack_graphs([graph])
    assert batch.n_stems == 3
    assert batch.kind.tolist() == [0, 0, 0, 1, 2, 2]
    assert batch.size.tolist() == [[2, 2], [1, 1], [0, 0], [2, 2], [5, 5], [11, 11]]
    assert batch.corners.tolist() == [
        [0, 15, 2, 13],
        [4, 11, 5, 10],
        [2, 13, 2, 13],
        [2, 13, 4, 11],
        [5, 10, 5, 10],
        [2, 13, 2, 13],
    ]
    assert claims_of(batch, 0) == [(0, 0), (0, 1), (0, 2), (1, 4), (1, 5), (2, 2)]
    assert claims_of(batch, 1) == [(0, 13), (0, 14), (0, 15), (1, 10), (1, 11), (2, 13)]
    assert batch.of_sequence.tolist() == [0] * 6
    assert batch.bases.argmax(dim=1).tolist() == [encode_bases(SEQ).tolist()]
    assert (batch.bases.sum(dim=1) == 1).all()
    for name in ("stem_numbers", "loop_numbers", "pixels"):
        np.testing.assert_array_equal(getattr(batch, name), getattr(graph, name))


def test_bases_around_the_ends():
    around = stack_graphs([graph_of(SEQ, STEMS, LOOPS)]).around.tolist()
    a, c, g, none = 0, 1, 2, 4
    assert around[0] == [none, g, g, c, c, none, g, g, a, a, c, c]  # pairs (0, 15), (2, 13)
    assert around[3] == [g, g, a, a, c, c, a, g, g, c, c, a]  # pairs (2, 13), (4, 11)
    assert around[4] == [g, g, a, a, c, c] * 2  # pair (5, 10) twice


@pytest.mark.parametrize(("n", "size"), [(1, 0), (16, 15), (17, 16), (18, 17), (19, 17), (40, 17)])
def test_size_classes_end_at_seventeen(n, size):
    seq = "G" * 40 + "AAAA" + "C" * 40
    loops = [interior_loop_box(0, 83, 1, 83 - n), hairpin_box(0, n + 3)]
    batch = stack_graphs([graph_of(seq, [stem_box(0, 83, n)], loops)])
    assert batch.size.tolist() == [[size] * 2, [1, min(n, 17)], [min(n + 3, 17)] * 2]


def test_end_pairs_of_a_hairpin_are_one():
    outer, inner = end_pairs(boxes_to_array([stem_box(0, 15, 3), *LOOPS]))
    assert outer.tolist() == [[0, 15], [2, 13], [5, 10], [2, 13]]
    assert inner.tolist() == [[2, 13], [4, 11], [5, 10], [2, 13]]


@given(st.integers(0, 10_000), st.integers(5, 30))
@settings(max_examples=25)
def test_a_graph_is_what_loops_over_its_boxes_find(seed, length):
    graph = random_graph(seed, length)
    batch, boxes = stack_graphs([graph]), boxes_from_array(graph.boxes)
    codes = dict(enumerate(graph.codes.tolist()))
    faces, around, claims = [[], []], [], [[], []]
    for index, box in enumerate(boxes):
        (i, j), (k, m) = box.outer_pair, box.inner_pair
        if box.kind == BoxKind.HAIRPIN:
            k, m = i, j
            senses = [("inside", i, j), ("none",)]
        elif box.kind == BoxKind.STEM:
            senses = [("inside", k, m), ("outside", i, j)]
            claims[0] += [(index, base) for base in range(i, k + 1)]
            claims[1] += [(index, base) for base in range(m, j + 1)]
        else:
            senses = [("inside", i, j), ("outside", k, m)]
        for face, sense in zip(faces, senses, strict=True):
            face.append(sense)
        around.append([codes.get(end + step, 4) for end in (i, j, k, m) for step in (-1, 0, 1)])
        assert batch.corners[index].tolist() == [i, j, k, m]
        assert batch.size[index].tolist() == [min(n, 18) - 1 for n in (box.n_rows, box.n_cols)]
    named = faces[0] + faces[1]
    assert groups(torch.cat([batch.inside, batch.outside])) == [named.index(one) for one in named]
    assert batch.n_pairs == len(set(named))
    assert batch.around.tolist() == around
    assert [claims_of(batch, side) for side in (0, 1)] == claims
    assert (batch.bases.sum(dim=1)[0] == torch.from_numpy(graph.codes < 4)).all()


def placed(batch, graphs, index):
    """The part of a batch that is of one of its graphs, without what other graphs add."""
    mine, length = batch.of_sequence == index, batch.bases.shape[2]
    n = len(graphs[index].codes)
    alone = [stack_graphs([graph]) for graph in graphs]
    n_stems = [graph.n_stems for graph in graphs]
    first_pair, first_stem = sum(a.n_pairs for a in alone[:index]), sum(n_stems[:index])
    claims = batch.claims[:, mine[batch.claims[0]]]
    assert not batch.bases[index, :, n:].any()
    return alone[index]._replace(
        kind=batch.kind[mine],
        around=batch.around[mine],
        size=batch.size[mine],
        stem_numbers=batch.stem_numbers[mine[: batch.n_stems]],
        loop_numbers=batch.loop_numbers[mine[batch.n_stems :]],
        pixels=batch.pixels[mine],
        inside=batch.inside[mine] - first_pair,
        outside=batch.outside[mine] - first_pair,
        corners=batch.corners[mine] - index * length,
        claims=claims - torch.tensor([first_stem, index * length, index * length])[:, None],
        bases=batch.bases[[index], :, :n],
        of_sequence=batch.of_sequence[mine] - index,
    )


@pytest.mark.parametrize("lengths", [(12, 30), (30, 12), (20, 20), (25, 1, 3, 18)])
def test_stacked_graphs_are_those_alone(lengths):
    graphs = [random_graph(seed, length) for seed, length in enumerate(lengths)]
    batch = stack_graphs(graphs)
    assert batch.n_stems == sum(graph.n_stems for graph in graphs)
    assert (batch.kind[: batch.n_stems] == BoxKind.STEM).all()
    assert (batch.kind[batch.n_stems :] != BoxKind.STEM).all()
    assert batch.n_pairs == sum(stack_graphs([graph]).n_pairs for graph in graphs)
    for index, graph in enumerate(graphs):
        alone, found = stack_graphs([graph]), placed(batch, graphs, index)
        for name, expected in alone._asdict().items():
            if isinstance(expected, torch.Tensor):
                torch.testing.assert_close(getattr(found, name), expected, msg=name)


@pytest.mark.parametrize("seqs", [["A"], ["ACGU"], ["A", "ACGUN"]])
def test_graphs_without_boxes_are_empty(seqs):
    batch = stack_graphs([graph_of(seq, [], []) for seq in seqs])
    length = max(map(len, seqs))
    shapes = {
        name: tuple(value.shape) for name, value in batch._asdict().items() if name != "n_pairs"
    }
    assert shapes == {
        **{"kind": (0,), "around": (0, 12), "size": (0, 2), "corners": (0, 4), "claims": (3, 0)},
        **{"stem_numbers": (0, 3), "loop_numbers": (0, 4), "pixels": (0, 5)},
        **{"inside": (0,), "outside": (0,), "of_sequence": (0,)},
        "bases": (len(seqs), 4, length),
    }
    assert batch.n_pairs == batch.n_stems == 0
    for name, value in batch._asdict().items():
        is_number = name in ("stem_numbers", "loop_numbers", "pixels", "bases")
        assert name == "n_pairs" or value.dtype == (torch.float32 if is_number else torch.int64)
