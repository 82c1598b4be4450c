"""The table of speeds: how rounds become rows, and a quick run that has all of them."""

import sys

import numpy as np
import pandas as pd
import pytest

from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence


@pytest.fixture(scope="module")
def bench(benchmarks):
    import bench

    return bench


@pytest.fixture(scope="module")
def interleaved(benchmarks):
    import interleaved

    return interleaved


def test_sides_take_turns_and_ratios_are_of_one_round(interleaved):
    calls = []

    def side(name, seconds, count):
        values = iter(seconds)

        def work():
            calls.append(name)
            return next(values)

        return interleaved.Side(name, work, count)

    ours = side("ours", [9, 2, 4, 2], 2)  # 1, 2, 1 seconds of each; the first call is no round
    reference = side("theirs", [9, 30, 10, 40], 10)  # 3, 1, 4 seconds of each
    (row,) = interleaved.compared("what", "steps/s", ours, [reference], rounds=3)
    assert calls == ["ours", "theirs"] * 4
    assert row.ratios == (3, 0.5, 4)
    assert row.ours == (1, 0.5, 1) and row.theirs == pytest.approx((1 / 3, 1, 1 / 4))
    assert row[:3] == ("what", "theirs", "steps/s")


def test_table_shows_medians_with_quartiles(interleaved):
    speed = interleaved.row_of_seconds("a", "b", "ms", [0.001, 0.002, 0.5], [2, 4, 1], (9, 1234.5))
    power = interleaved.Row("growth", "b", "power", (1.9, 2.1), (3.0, 3.0), ())
    head, _, first, second = interleaved.table([speed, power]).splitlines()
    assert head.startswith("| what | reference | times as fast (quartiles) | ours |")
    assert first == "| a | b | 2,000 (1,000-2,000) | 2 | 2,000 | ms | 3 | 9 / 1,230 |"
    assert second == "| growth | b | - | 2 (1.95-2.05) | 3 (3-3) | power | 2 | - |"


def test_growth_is_of_the_longer_half_and_of_whole_rounds(benchmarks):
    import speed_of_prediction as prediction

    lengths = [100, 200, 400, 800]
    rounds = [(tool, length, number) for number in range(2) for length in lengths
              for tool in ("boxfold", "rnafold") if number == 0 or length < 800]  # fmt: skip
    found = pd.DataFrame(rounds, columns=["tool", "length", "number"])
    power = np.where(found["tool"] == "boxfold", 2.0, 3.0)
    found["seconds"] = np.where(found["length"] < 400, 77.0, found["length"] ** power)
    row = prediction.growth_row(found, "seconds", "time")
    assert row.what == "prediction, growth of time from 400 nt on"
    assert row.ours == pytest.approx([2]) and row.theirs == pytest.approx([3])
    assert row.ratios == ()


def test_processes_of_ours_and_the_reference_take_turns(benchmarks):
    import speed_of_prediction as prediction

    jobs = prediction.jobs(prediction.PredictionSize(((50, 2), (3000, 1)), bases=100))
    assert [(job.tool, job.length, job.count) for job in jobs] == [
        ("boxfold", 50, 2),
        ("rnafold", 50, 2),
        ("boxfold", 3000, 1),
        ("rnafold", 3000, 1),
        ("boxfold", 50, 2),
        ("rnafold", 50, 2),
    ]
    assert {(job.s1, job.agent, job.pseudoknots) for job in jobs} == {("real", "judge", "allow")}


def test_steps_are_counted_until_an_episode_ends(benchmarks):
    import speed_of_training as training

    config = AssemblyConfig(4)
    batch = BatchAssembly(config, 2)
    for index in range(2):
        batch.load(index, instance_from_sequence("GGGGAAAACCCCGGGGAAAACCCC", 4))
    with training.counted_steps() as n_steps:
        batch.step([0, config.stop])
        batch.step([config.stop, config.stop])  # the second episode is over
        batch.step([config.stop, config.stop])  # both are
    assert n_steps == [3]
    batch.step([0, 0])
    assert n_steps == [3]


def test_plain_trunk_has_as_many_weights(benchmarks):
    import s1_steps
    import torch

    from boxfold.s1.network import BoxNet, NetworkConfig

    ours = BoxNet(NetworkConfig())
    with s1_steps.plain_trunks():
        plain = BoxNet(NetworkConfig())
    assert isinstance(plain.trunk, s1_steps.PlainTrunk)
    assert s1_steps.n_weights(plain) == pytest.approx(s1_steps.n_weights(ours), rel=0.01)
    grid, valid = torch.zeros(1, 16, 10, 10), torch.ones(1, 10, dtype=torch.bool)
    assert plain(grid, valid).shape == ours(grid, valid).shape
    assert isinstance(BoxNet(NetworkConfig()).trunk, type(ours.trunk))


def test_a_page_that_fails_leaves_the_old_one(bench, monkeypatch, tmp_path):
    page = tmp_path / "benchmarks.md"
    page.write_text("old")
    monkeypatch.setitem(bench.PARTS, "steps", lambda size: 1 / 0)
    monkeypatch.setattr(
        sys, "argv", ["bench.py", "--quick", "--parts", "steps", "--out", str(page)]
    )
    with pytest.raises(ZeroDivisionError):
        bench.main()
    assert [path.name for path in tmp_path.iterdir()] == ["benchmarks.md"]
    assert page.read_text() == "old"


def test_quick_run_has_every_row(bench, monkeypatch, tmp_path, capsys):
    page = tmp_path / "benchmarks.md"
    monkeypatch.setattr(sys, "argv", ["bench.py", "--quick", "--out", str(page)])
    bench.main()
    text = page.read_text()
    assert "**Of `--quick`: too short to mean anything.**" in text
    assert "(`bench.py --quick --out " in text and "- load at the start: " in text
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line[:2] == "| "]
    assert {len(line) for line in lines} == {8}
    assert {line[6] for line in lines[1:]} == {"1"}
    found = {f"{line[0]} / {line[1]}" for line in lines[1:]}
    assert len(found) == len(lines) - 1
    for what in (
        "start: boxfold --help / python -c pass",
        "start: boxfold --version / python -c pass",
        "start: boxfold predict --help / python -c pass",
        "start: boxfold predict -, 12 nt / python -c 'import torch'",
        "environment, 8 boxes, 4 at once / SB3's DummyVecEnv of our env",
        "environment, 8 boxes, 4 at once / Gymnasium's SyncVectorEnv of our env",
        "free energy after a pick, 80 nt / RNA.eval_structure_simple of its text",
        "free energy after a pick, 80 nt / eval_structure of a kept fold compound",
        "charge of a pseudoknot, 80 nt / RNA.eval_structure_simple of its text, knot left out",
        "exact optimum of 32 boxes, 80 nt / RNAfold's MFE",
        "S1 forward pass, 24 nt / plain 3 x 3 convolutions, as deep, as many weights",
        "S1 forward pass, 24 nt / network of the prior work (run7)",
        "S1 forward pass, 24 nt / RNAfold -p (pair probabilities)",
        "S1 proposals, rescored, 24 nt / RNAfold -p (pair probabilities)",
        "S1 training step, 24 nt / plain 3 x 3 convolutions, as deep, as many weights",
        "S1 training step, 24 nt / network of the prior work (run7)",
        *(
            f'training of {name}, 8 boxes / SB3\'s PPO("MultiInputPolicy") on DummyVecEnv'
            for name in ("clone", "reinforce", "ppo")
        ),
        "prediction, 20 nt / RNAfold's MFE",
        "prediction, 30 nt / RNAfold's MFE",
        "prediction, growth of time from 20 nt on / RNAfold's MFE",
        "prediction, growth of memory from 20 nt on / RNAfold's MFE",
    ):
        assert what in found, what
        found.remove(what)
    assert not found
    of_prediction = next(line for line in lines if line[0] == "prediction, 30 nt")
    ours, theirs = map(float, of_prediction[7].split(" / "))
    assert ours > theirs > 0, "a process of RNAfold holds no torch"
    assert capsys.readouterr().out.splitlines()[-1].startswith("prediction: ")
