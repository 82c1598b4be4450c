import dataclasses

import numpy as np
import pytest
import torch

from boxfold.features.box import BoxKind
from boxfold.features.channels import N_CHANNELS, canonical_mask
from boxfold.s1.batches import Example
from boxfold.s1.ends import INNER, OUTER, end_targets
from boxfold.s1.loop_ends import INTERIOR, N_FACES, N_GAP, N_SIDE, LoopEnds, loop_targets
from boxfold.s1.model import Maps, S1Model
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.objectives import HeadsObjective, RescorerObjective, objective_of
from boxfold.s1.run_folder import RunFolder, load_tensors
from boxfold.s1.scored_boxes import Candidates
from boxfold.s1.tables import read_dataset
from boxfold.s1.training import S1Trainer
from boxfold.s1.training_config import TrainS1Config
from boxfold.s1.validation import found_boxes
from boxfold.s1.votes import sigmoid
from boxfold.scripts.s1_data import examples

TINY = NetworkConfig(channels=8, n_blocks=1, pixel_channels=4, hidden=8)
WITH = dataclasses.replace(TINY, rescoring=8, rescoring_layers=2)
CONFIG = TrainS1Config(
    network=WITH,
    rescorer_only=True,
    epochs=2,
    epoch_examples=10,
    batch_pixels=4 * 40 * 40,
    checkpoint_batches=1,
)
TERMS = {f"rescoring/{kind}" for kind in ("stem", "interior_loop", "hairpin")}


@pytest.fixture(scope="module")
def folded(windows):
    return examples(read_dataset(windows))


def noisy(config):
    """Every weight random, so that no part is silent; hairpins and interior loops are level."""
    torch.manual_seed(2)
    network = BoxNet(config)
    with torch.no_grad():
        for value in network.parameters():
            if value.ndim > 1:
                value.normal_(std=1 / value[0].numel() ** 0.5)
        network.loops[-1].bias[[INTERIOR, N_SIDE + INTERIOR]] += 5
    return network


def train(path, known, start=None, config=CONFIG, resume=False, report=lambda line: None):
    run = RunFolder.open(path, config.to_dict(), "boxfold train-s1", resume, overwrite=False)
    trainer = S1Trainer(config, known[:-4], known[-4:], run, start)
    trainer.fit(report)
    return trainer


def states(network):
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}


def by_hand(network, example):
    """Loss of one sequence by kind of box."""
    ((_, maps),) = S1Model(network).maps([example.seq], votes=False)
    graph = Candidates(example.seq, maps).graph
    p = np.exp(network.rescorer.log_probability(graph).astype(float))
    truth = found_boxes(graph.boxes, example.boxes)
    loss = -np.where(truth, np.log(p), np.log1p(-p)) / len(example.seq)
    kind = graph.boxes[:, 0]
    return {f"rescoring/{k.label}": loss[kind == k].sum() for k in BoxKind}, truth


def test_the_loss_is_a_cross_entropy_over_the_length(folded):
    """Of sequences of several lengths, one of them without any candidate."""
    network = noisy(WITH)
    batch = [
        *folded[:3],
        Example.from_dot_bracket("ACAAAAAA", "........"),
        Example.from_dot_bracket("GGGAAAACCC", "(((....)))"),
    ]
    total, terms = RescorerObjective(network).losses(batch)
    parts, truths = zip(*(by_hand(network, example) for example in batch), strict=True)
    assert any(truth.any() for truth in truths) and len(truths[3]) == 0
    assert terms.keys() == TERMS
    for name, value in terms.items():
        assert value.item() == pytest.approx(np.mean([p[name] for p in parts]), rel=1e-4) and value
    assert total.item() == pytest.approx(sum(value.item() for value in terms.values()), rel=1e-5)


def test_metrics_are_means_over_the_examples(folded):
    network, known = noisy(WITH), [*folded[:18], Example.from_dot_bracket("GGAAACC", "((...))")]
    objective = RescorerObjective(network)
    found = objective.metrics(known)  # sixteen of them, then three
    parts = [by_hand(network, example)[0] for example in known]
    score = found.pop("score")
    assert len(found) == len(TERMS) and score == pytest.approx(-sum(found.values()))
    for name, value in found.items():
        term = name.replace("cross_entropy/", "rescoring/")
        assert value == pytest.approx(np.mean([part[term] for part in parts]), rel=1e-4)
    found["score"] = score
    assert objective.metrics(known) == found


def test_the_config_says_what_is_trained():
    network = BoxNet(WITH)
    objective = objective_of(network, CONFIG)
    assert isinstance(objective, RescorerObjective)
    wanted = {name for name, _ in network.named_parameters() if name.startswith("rescorer.")}
    known = {id(value): name for name, value in network.named_parameters()}
    assert {known[id(value)] for value in objective.parameters} == wanted
    network = BoxNet(TINY)
    objective = objective_of(network, TrainS1Config(network=TINY))
    assert isinstance(objective, HeadsObjective)
    assert list(map(id, objective.parameters)) == list(map(id, network.parameters()))


@pytest.mark.parametrize(("network", "rescorer_only"), [(WITH, False), (TINY, True)])
def test_a_rescorer_is_trained_alone_or_not_at_all(network, rescorer_only):
    with pytest.raises(ValueError, match="--rescorer-only and --rescoring go together"):
        TrainS1Config(network=network, rescorer_only=rescorer_only)


@pytest.mark.parametrize("name", ["half", "run7"])
def test_only_the_rescorer_gets_gradients(folded, name):
    network = noisy(dataclasses.replace(WITH, name=name))
    RescorerObjective(network).losses(folded[:2])[0].backward()
    for key, value in network.named_parameters():
        assert (value.grad is not None) == key.startswith("rescorer."), key
    moved = [value.grad.abs().sum() > 0 for value in network.rescorer.parameters()]
    assert all(moved)


@pytest.mark.parametrize("name", ["half", "run7"])
def test_trunk_and_heads_stay_byte_for_byte(folded, tmp_path, name):
    """Batch statistics of run7 included."""
    start = noisy(dataclasses.replace(TINY, name=name))
    config = dataclasses.replace(
        CONFIG, network=dataclasses.replace(WITH, name=name), epochs=1, batch_pixels=1
    )
    before, trainer = states(start), train(tmp_path / "run", folded[:10], start, config)
    after = states(trainer.network)
    assert {key: after[key] for key in before} == before
    torch.manual_seed(config.seed)
    fresh = states(BoxNet(config.network))
    changed = {key for key in after.keys() - before.keys() if after[key] != fresh[key]}
    assert changed == {key for key in after if key.startswith("rescorer.")} > set()
    saved, meta = load_tensors(tmp_path / "run" / "weights.safetensors", "s1")
    assert {key: value.numpy().tobytes() for key, value in saved.items()} == after
    assert NetworkConfig(**meta["network"]) == config.network


def test_same_seed_same_bytes(folded, tmp_path):
    start = noisy(TINY)
    for name in "ab":
        torch.manual_seed(ord(name))  # what was drawn before must not matter
        train(tmp_path / name, folded[:10], start)
    for name in ("weights.safetensors", "metrics.csv", "config.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    other = train(tmp_path / "c", folded[:10], start, dataclasses.replace(CONFIG, seed=1))
    found, _ = load_tensors(tmp_path / "a" / "weights.safetensors", "s1")
    assert not torch.equal(
        other.network.state_dict()["rescorer.base.weight"], found["rescorer.base.weight"]
    )


def test_killed_run_ends_with_the_same_bytes(folded, tmp_path):
    start = noisy(TINY)
    train(tmp_path / "whole", folded[:12], start)

    def killed(line):
        if line.startswith("epoch 2:"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", folded[:12], start, report=killed)
    train(tmp_path / "cut", folded[:12], start, resume=True)
    for name in ("weights.safetensors", "metrics.csv"):
        whole, cut = ((tmp_path / run / name).read_bytes() for run in ("whole", "cut"))
        assert whole == cut


class NoPixels:
    def at(self, pairs):
        return np.zeros((len(pairs), TINY.pixel_channels + N_CHANNELS), dtype=np.float32)


class Blurred:
    """Stands for a trained network: the truth, and noise that hides some of it."""

    def __init__(self, known):
        rng = np.random.default_rng(0)
        self._maps = {example.seq: self.maps_of(example, rng) for example in known}

    def maps(self, seqs, votes):
        assert not votes
        yield from enumerate(self._maps[seq] for seq in seqs)

    def maps_of(self, example, rng):
        n, mask = len(example.seq), canonical_mask(example.seq)
        logits = 5 * end_targets(example.stems, n) - 3 + 1.5 * rng.normal(size=(3, n, n))
        ends = np.where(mask, sigmoid(logits), 0).astype(np.float32)
        targets, sides = loop_targets(example.boxes), []
        for side, channel in enumerate((INNER, OUTER)):
            pairs = np.argwhere(ends[channel] > 0.05)
            faces = 1.5 * rng.normal(size=(len(pairs), N_SIDE))
            of = {}
            for line in np.flatnonzero(targets.side == side).tolist():
                of[tuple(targets.pairs[line].tolist())] = line
            for row, pair in enumerate(map(tuple, pairs.tolist())):
                if pair in of:
                    faces[row, targets.face[of[pair]]] += 3
                    for axis, gap in enumerate(targets.gaps[of[pair]].tolist()):
                        faces[row, N_FACES + N_GAP * axis + min(max(gap, 0), 15)] += 3
            sides.append((pairs, np.log(ends[channel][tuple(pairs.T)]), faces))
        loops = LoopEnds(*(part for pair in zip(*sides, strict=True) for part in pair))
        return Maps(ends, loops, np.zeros((3, n, n), dtype=np.float32), None, pixels=NoPixels())


def test_training_beats_the_score_of_the_heads_on_unseen_sequences(folded, tmp_path, monkeypatch):
    blurred = Blurred(folded)
    monkeypatch.setattr("boxfold.s1.objectives.S1Model", lambda network: blurred)
    config = dataclasses.replace(
        CONFIG, epochs=8, epoch_examples=40, learning_rate=1e-2, checkpoint_batches=100
    )
    known, unseen = folded[:44], folded[44:]
    network = train(tmp_path / "run", known, config=config).network
    losses = RunFolder(tmp_path / "run").metrics()["train/loss"]
    assert losses.iloc[-1] < 0.3 * losses.iloc[0]
    expected = {False: [], True: []}  # before and after: cross-entropy, recall of as many best
    for rescored, results in expected.items():
        for index, maps in blurred.maps([example.seq for example in unseen], votes=False):
            found, boxes = Candidates(unseen[index].seq, maps), unseen[index].boxes
            if rescored:
                found.rescore(network.rescorer)
            stems, score, loops, loop_score = found.best(1000)
            score = np.concatenate([score, loop_score]).clip(1e-9, 1 - 1e-6).astype(float)
            truth = found_boxes(np.concatenate([stems, loops]), boxes)
            n_stems = int((boxes[:, 0] == BoxKind.STEM).sum())
            best = np.concatenate([stems[:n_stems], loops[: len(boxes) - n_stems]])
            loss = -np.where(truth, np.log(score), np.log1p(-score)).sum() / len(unseen[index].seq)
            results.append([loss, found_boxes(boxes, best).sum() / len(boxes)])
    (loss_before, before), (loss, recall) = (np.mean(expected[key], axis=0) for key in expected)
    assert loss < 0.5 * loss_before and recall > before + 0.1, (loss_before, before, loss, recall)
