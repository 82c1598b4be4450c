import dataclasses

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from boxfold.features.errors import InputError
from boxfold.features.structure import dot_bracket
from boxfold.rewards.energy import mfe
from boxfold.rewards.ensemble import end_probabilities
from boxfold.s1.batches import Example
from boxfold.s1.metrics import METRIC_NAMES
from boxfold.s1.network import BoxNet, NetworkConfig
from boxfold.s1.objectives import HeadsObjective
from boxfold.s1.run_folder import RunFolder, load_tensors
from boxfold.s1.soft_ends import SoftEnds
from boxfold.s1.training import S1Trainer
from boxfold.s1.training_config import TrainS1Config
from boxfold.s1.validation import STEM_RECALL, found_boxes, validation_metrics

TINY = NetworkConfig(channels=8, n_blocks=1, pixel_channels=4, hidden=8)
CONFIG = TrainS1Config(
    network=TINY, epochs=2, epoch_examples=24, batch_pixels=8 * 30 * 30, checkpoint_batches=1
)


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(5)
    found = []
    while len(found) < 40:
        seq = "".join(rng.choice(list("ACGU"), size=int(rng.integers(24, 32))))
        pairs = mfe(seq).base_pairs
        if len(pairs):
            found.append(Example.from_dot_bracket(seq, dot_bracket(pairs, len(seq))))
    return found


def train(path, examples, config=CONFIG, resume=False, report=lambda line: None):
    run = RunFolder.open(path, config.to_dict(), "boxfold train-s1", resume, overwrite=False)
    S1Trainer(config, examples[:30], examples[30:], run).fit(report)
    return run


def test_same_seed_same_bytes_and_events(tmp_path, examples):
    first, second = (train(tmp_path / name, examples) for name in "ab")
    for name in ("weights.safetensors", "metrics.csv", "config.json"):
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()
    events = EventAccumulator(str(first.path)).Reload()
    tags = set(events.Tags()["scalars"])
    assert {f"validation/{name}" for name in METRIC_NAMES} <= tags
    assert {"train/loss", "train/ends/outer", "train/boxes/stem/on", "validation/score"} <= tags
    sides = [f"train/loops/{side}" for side in ("inner", "outer")]
    assert {f"{side}/{what}" for side in sides for what in ("face", "gaps")} <= tags
    assert f"validation/{STEM_RECALL}" in tags
    assert first.metrics()["step"].tolist() == [1, 2]


def test_killed_run_ends_with_the_same_weights(tmp_path, examples):
    whole = train(tmp_path / "whole", examples)

    def killed(line):
        if line.startswith("epoch 2:"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", examples, report=killed)
    assert (tmp_path / "cut" / "state.safetensors").exists()
    resumed = train(tmp_path / "cut", examples, resume=True)
    assert resumed.metrics()["step"].tolist() == [1, 2]
    expected, _ = load_tensors(whole.path / "weights.safetensors", "s1")
    found, meta = load_tensors(resumed.path / "weights.safetensors", "s1")
    assert meta["epoch"] in (1, 2)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=0)


def test_killed_before_its_first_checkpoint_a_run_forgets_its_metrics(
    tmp_path, examples, monkeypatch
):
    config = dataclasses.replace(CONFIG, epochs=1, checkpoint_batches=1000)

    def killed(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(S1Trainer, "_checkpoint", killed)
        train(tmp_path / "cut", examples, config)
    assert len((tmp_path / "cut" / "metrics.csv").read_text().splitlines()) == 2
    resumed = train(tmp_path / "cut", examples, config, resume=True)
    assert resumed.metrics()["step"].tolist() == [1]


def test_training_lowers_the_loss(tmp_path, examples):
    config = dataclasses.replace(CONFIG, epochs=6, learning_rate=1e-2)
    losses = train(tmp_path / "run", examples, config).metrics()["train/loss"]
    assert losses.iloc[-1] < 0.8 * losses.iloc[0]


def test_loss_that_is_no_number_stops_with_one_line(tmp_path, examples):
    config = dataclasses.replace(CONFIG, learning_rate=float("inf"), gradient_clip=1e9)
    with pytest.raises(InputError, match="not a number"):
        train(tmp_path / "run", examples, config)


def test_loss_is_the_weighted_sum_of_its_terms(tmp_path, examples):
    weights = dict(ends_weight=7.0, loops_weight=3.0, boxes_weight=0.5)
    config = dataclasses.replace(CONFIG, epochs=1, **weights)
    row = train(tmp_path / "run", examples, config).metrics().iloc[0]
    terms = [name for name in row.index if name.count("/") > 1 and name.startswith("train/")]
    groups = [name.split("/")[1] for name in terms]
    assert [groups.count(name) for name in ("ends", "loops", "boxes")] == [3, 4, 17]
    expected = sum(
        weights[f"{group}_weight"] * row[name] for group, name in zip(groups, terms, strict=True)
    )
    assert row["train/loss"] == pytest.approx(expected, rel=1e-5)
    assert row[terms].min() > 0


def test_soft_targets_are_used_where_wanted_and_known(tmp_path, examples):
    soft = [SoftEnds.from_maps(end_probabilities(example.seq)) for example in examples]
    softened = [
        dataclasses.replace(example, soft=ends)
        for example, ends in zip(examples, soft, strict=True)
    ]

    def losses(batch, **changed):
        config = dataclasses.replace(CONFIG, **changed)
        run = RunFolder.open(tmp_path / "r", config.to_dict(), "x", resume=False, overwrite=True)
        _, terms = S1Trainer(config, batch, batch, run).objective.losses(batch[:6])
        return {name: value.item() for name, value in terms.items()}

    hard, with_soft, ignored = losses(examples), losses(softened), losses(softened, soft=False)
    assert hard == losses(examples, soft=False) == ignored
    for name, value in hard.items():
        assert (with_soft[name] == value) != name.startswith("ends/"), name


def test_untrained_network_guesses(examples):
    torch.manual_seed(0)
    found = validation_metrics(BoxNet(TINY), examples, offset=10)
    for kind in ("stem", "interior_loop", "hairpin"):
        assert 0.25 < found[f"{kind}/auroc"] < 0.75


def test_no_validation_examples_is_an_error(tmp_path, examples):
    run = RunFolder.open(tmp_path / "r", CONFIG.to_dict(), "x", resume=False, overwrite=False)
    with pytest.raises(InputError, match="at least one training and one validation"):
        S1Trainer(CONFIG, examples, [], run)


def test_found_boxes_wants_exact_matches():
    targets = np.array([[0, 0, 7, 3, 3], [0, 2, 5, 1, 1]])
    proposed = np.array([[0, 0, 7, 3, 3], [0, 2, 5, 2, 2]])
    assert found_boxes(targets, proposed).tolist() == [True, False]
    assert found_boxes(targets, proposed[:0]).tolist() == [False, False]


def test_half_precision_changes_the_losses_little_and_leaves_the_weights_whole(examples):
    torch.manual_seed(0)
    network = BoxNet(TINY)
    for block in network.trunk.blocks:
        torch.nn.init.normal_(block.second.weight, std=0.1)
    half = dataclasses.replace(CONFIG, bfloat16=True)
    totals = [HeadsObjective(network, each).losses(examples[:8])[0] for each in (CONFIG, half)]
    assert totals[0] != totals[1]
    assert totals[1].item() == pytest.approx(totals[0].item(), rel=0.01)
    totals[1].backward()
    assert {each.dtype for each in network.parameters()} == {torch.float32}
    assert all(
        torch.isfinite(each.grad).all() for each in network.parameters() if each.grad is not None
    )
