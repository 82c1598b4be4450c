"""The optional readers of boxes: strand swap, bases of the strands, words around."""

import numpy as np
import pytest
import torch

from boxfold.agents.box_reader import BoxReader
from boxfold.agents.kmer_counts import FLANK, surroundings, word_codes, word_counts
from boxfold.agents.sequence_encoder import strand_codes
from boxfold.agents.strand_swap import COUNTERPARTS, can_swap, swapped_boxes, swapped_columns
from boxfold.features.box import boxes_to_array, hairpin_box, stem_box
from boxfold.features.kmers import kmer_codes
from boxfold.features.proposals import EVIDENCE
from boxfold.features.sequence import encode_bases
from boxfold.features.synthetic import synthetic_sequence
from boxfold.features.tokens import N_TOKEN_FEATURES, TOKEN_NAMES, box_tokens

D = 8
BEFORE, ONE, INSIDE, TWO, AFTER = (
    "ACGGAUUACCGA",
    "GGAUC",
    "AAGCAUCCGUUACAGGAUCAUUGCCAA",
    "GAUCU",
    "CUUGACCAUGUA",
)


def read(seq, stem, swap_evidence=False):
    """Token, box and bases of one stem."""
    boxes = boxes_to_array([stem])
    evidence = np.arange(len(EVIDENCE))[None] / 10
    if swap_evidence:
        evidence = evidence[:, [0, 2, 1, 4, 3, *range(5, len(EVIDENCE))]]
    tokens = box_tokens(seq, boxes, np.ones(1), evidence, np.ones((1, 3)))
    parts = tokens, boxes, encode_bases(seq)[None]
    return torch.from_numpy(tokens)[None], torch.from_numpy(boxes)[None], torch.from_numpy(parts[2])


def stem_and_rotation():
    """The same duplex twice: once as it is, once begun by its other strand."""
    half = len(INSIDE) // 2
    i, n = len(BEFORE), len(ONE)
    j = i + 2 * n + len(INSIDE) - 1
    straight = read(BEFORE + ONE + INSIDE + TWO + AFTER, stem_box(i, j, n))
    i = len(INSIDE) - half
    j = i + 2 * n + len(BEFORE) + len(AFTER) - 1
    turned = INSIDE[half:] + TWO + AFTER + BEFORE + ONE + INSIDE[:half]
    return straight, read(turned, stem_box(i, j, n), swap_evidence=True)


def reader(**changes):
    torch.manual_seed(0)
    options = {"box_sequence": False, "kmers": 0, "strand_swap": False} | changes
    return torch.nn.Linear(N_TOKEN_FEATURES, D), BoxReader(N_TOKEN_FEATURES, D, **options)


def test_swapped_columns_are_those_of_the_stem_read_from_its_other_strand():
    (straight, _, _), (turned, _, _) = stem_and_rotation()
    swapped = straight[..., swapped_columns(N_TOKEN_FEATURES)]
    local = [TOKEN_NAMES.index(name) for name in COUNTERPARTS]
    assert torch.equal(swapped[0, 0, local], turned[0, 0, local])
    assert (straight[0, 0, local] != turned[0, 0, local]).sum() >= 10
    values = dict(zip(TOKEN_NAMES, swapped[0, 0].tolist(), strict=True))
    assert values["outer_GC"] == values["inner_UG"] == 1  # C-G inside, G-U outside
    other = [k for k in range(N_TOKEN_FEATURES) if k not in local]
    assert torch.equal(swapped[0, 0, other], straight[0, 0, other])


def test_swapping_twice_changes_nothing():
    columns = swapped_columns(N_TOKEN_FEATURES + 3)
    assert torch.equal(columns[columns], torch.arange(N_TOKEN_FEATURES + 3))
    assert columns[-3:].tolist() == [N_TOKEN_FEATURES + k for k in range(3)]
    assert sum(columns != torch.arange(len(columns))) == len(COUNTERPARTS) == 38
    boxes = torch.tensor([[0, 2, 15, 4, 5]])
    assert torch.equal(swapped_boxes(swapped_boxes(boxes)), boxes)


@pytest.mark.parametrize(
    "options", [{}, {"box_sequence": True}, {"kmers": 3}, {"box_sequence": True, "kmers": 2}]
)
@torch.no_grad()
def test_an_embedding_with_strand_swap_is_the_same_from_both_strands(options):
    (tokens, boxes, bases), (_, turned_boxes, turned_bases) = stem_and_rotation()
    other = tokens[..., swapped_columns(N_TOKEN_FEATURES)], turned_boxes, turned_bases
    embed, plain = reader(**options)
    assert not torch.allclose(plain(embed, tokens, boxes, bases), plain(embed, *other), atol=1e-2)
    embed, invariant = reader(**options, strand_swap=True)
    assert torch.equal(invariant(embed, tokens, boxes, bases), invariant(embed, *other))


@torch.no_grad()
def test_loops_are_not_swapped():
    boxes = torch.from_numpy(boxes_to_array([hairpin_box(3, 8), stem_box(0, 11, 4)]))[None]
    assert can_swap(boxes).tolist() == [[False, True]]
    tokens = torch.rand(1, 2, N_TOKEN_FEATURES)
    embed, invariant = reader(strand_swap=True)
    other = invariant(embed, tokens[..., invariant.swap], swapped_boxes(boxes), None)
    same = invariant(embed, tokens, boxes, None) == other
    assert same.all(dim=2).tolist() == [[False, True]]


def test_words_are_those_of_the_features():
    seq = synthetic_sequence(50, np.random.default_rng(1))[:40] + "NACGU"
    bases = torch.from_numpy(np.pad(encode_bases(seq), (0, 5), constant_values=-1))[None]
    for k in (1, 3, 5):
        codes = word_codes(bases, k)[0]
        assert codes[: 45 - k + 1].tolist() == kmer_codes(seq, k).tolist()
        assert (codes[45 - k + 1 :] == -1).all()
    assert word_codes(bases[:, :2], 5).tolist() == [[-1, -1]]


def test_words_are_counted_in_the_surroundings_only():
    seq = "A" * 12 + "GGG" + "C" * 15 + "CCC" + "U" * 4
    boxes = torch.from_numpy(boxes_to_array([stem_box(12, 32, 3)]))[None]
    stretches = surroundings(boxes)
    assert stretches.tolist() == [[[[2, 12], [15, 25], [20, 30], [33, 43]]]]
    bases = torch.from_numpy(encode_bases(seq))[None]
    counts = word_counts(bases, stretches, 2)[0, 0]
    assert counts.sum(dim=1).tolist() == [FLANK - 1, FLANK - 1, FLANK - 1, 3]
    assert [int(row.argmax()) for row in counts] == [0, 5, 5, 15]  # AA, CC, CC, UU


def test_strands_are_read_pair_by_pair_with_their_flanks():
    bases = torch.from_numpy(encode_bases("AGGCAAAAGCCU"))[None]  # A (GGC) AAAA (GCC) U
    codes, n_steps = strand_codes(torch.tensor([[[0, 1, 8, 3, 3], [-1] * 5]]), bases)
    assert n_steps.tolist() == [[9, 6]]
    is_box, pair = codes[0, 0] // 36, codes[0, 0] % 36
    assert is_box.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0]
    assert (pair // 6).tolist() == [5, 5, 0, 2, 2, 1, 0, 0, 0]
    assert (pair % 6).tolist() == [5, 5, 3, 1, 1, 2, 0, 0, 0]


@torch.no_grad()
def test_longer_strands_beside_and_padding_change_no_embedding():
    (tokens, boxes, bases), _ = stem_and_rotation()
    more_tokens = torch.cat([tokens, torch.rand(1, 2, N_TOKEN_FEATURES)], dim=1)
    more = torch.tensor([[[0, 3, 20, 12, 12], [-1, -1, -1, -1, -1]]])
    more_bases = torch.nn.functional.pad(bases, (0, 9), value=-1)
    embed, module = reader(box_sequence=True, kmers=3, strand_swap=True)
    alone = module(embed, tokens, boxes, bases)
    crowded = module(embed, more_tokens, torch.cat([boxes, more], dim=1), more_bases)
    np.testing.assert_allclose(crowded[:, :1], alone, atol=1e-6)
