"""S1's passes and proposals against plain convolutions, the prior network and RNAfold -p."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from interleaved import Row, Side, compared, cpu_seconds
from s1_steps import folded, forward, plain_trunks, training_step

from boxfold.features.synthetic import synthetic_sequence
from boxfold.rewards.energy import partition_function
from boxfold.s1.model import S1Model
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.propose import ProposeConfig, propose_batch

PLAIN = "plain 3 x 3 convolutions, as deep, as many weights"
PRIOR = "network of the prior work (run7)"
VIENNA = "RNAfold -p (pair probabilities)"


@dataclass(frozen=True)
class S1Size:
    """How much is measured: sequences of a batch by their length."""

    batches: tuple[tuple[int, int], ...] = ((64, 4), (200, 2))
    prior_length: int = 64
    """Longest sequences that the prior network is timed on: it takes 7 s to learn from 200 nt."""

    rounds: int = 5
    step_rounds: int = 3


def s1_rows(size: S1Size) -> list[Row]:
    """Forward pass, proposals and training step of one sequence, by length."""
    rows = []
    for length, count in size.batches:
        rng = np.random.default_rng(length)
        seqs = [synthetic_sequence(length, rng) for _ in range(count)]
        with_prior = length <= size.prior_length
        rows += forward_rows(seqs, with_prior, size.rounds)
        rows += proposal_rows(seqs, size.rounds)
        rows += training_rows(seqs, with_prior, size.step_rounds)
    return rows


def forward_rows(seqs: Sequence[str], with_prior: bool, rounds: int) -> list[Row]:
    """Input channels, trunk and heads."""
    half = BoxNet(NetworkConfig())
    with plain_trunks():
        networks = {PLAIN: BoxNet(NetworkConfig())}
    if with_prior:
        networks[PRIOR] = BoxNet(NetworkConfig(name="run7"))
    references = [
        _side(name, lambda n=net: forward(n, seqs), seqs) for name, net in networks.items()
    ]
    references.append(_vienna(seqs))
    ours = _side("ours", lambda: forward(half, seqs), seqs)
    return compared(f"S1 forward pass, {len(seqs[0])} nt", "ms", ours, references, rounds)


def proposal_rows(seqs: Sequence[str], rounds: int) -> list[Row]:
    """Everything from sequences to boxes, with the shipped weights."""
    model, config = S1Model.load(None), ProposeConfig()
    ours = _side("ours", lambda: propose_batch(model, seqs, config), seqs)
    what = f"S1 proposals, rescored, {len(seqs[0])} nt"
    return compared(what, "ms", ours, [_vienna(seqs)], rounds)


def training_rows(seqs: Sequence[str], with_prior: bool, rounds: int) -> list[Row]:
    """Losses, backward pass and optimiser."""
    examples = folded(seqs)
    ours = _side("ours", training_step("half", examples), seqs)
    with plain_trunks():
        references = [_side(PLAIN, training_step("half", examples), seqs)]
    if with_prior:
        references.append(_side(PRIOR, training_step("run7", examples), seqs))
    return compared(f"S1 training step, {len(seqs[0])} nt", "ms", ours, references, rounds)


def _vienna(seqs: Sequence[str]) -> Side:
    return _side(VIENNA, lambda: [partition_function(seq) for seq in seqs], seqs)


def _side(name: str, work: Callable[[], object], seqs: Sequence[str]) -> Side:
    return Side(name, cpu_seconds(work), len(seqs))
