import numpy as np
import pytest

from boxfold.features.errors import InputError
from boxfold.s1.run_folder import RunFolder

CONFIG = {"verb": "test", "seed": 1}


def opened(path, resume=False, overwrite=False, config=CONFIG):
    return RunFolder.open(path, config, "boxfold test", resume, overwrite)


def test_metrics_of_a_resumed_run_keep_their_digits(tmp_path):
    values = np.random.default_rng(0).uniform(0, 1, 300)
    run = opened(tmp_path / "run")
    run.log(1, {f"train/{k}": float(value) for k, value in enumerate(values)})
    before = (tmp_path / "run" / "metrics.csv").read_text()
    run = opened(tmp_path / "run", resume=True)
    run.log(2, {"train/0": 0.5})
    after = (tmp_path / "run" / "metrics.csv").read_text()
    assert after.splitlines()[:2] == before.splitlines()[:2]


def test_what_was_killed_before_it_began_is_no_obstacle(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".config.json.abcdefgh").write_text("{")
    for resume in (True, False):
        opened(tmp_path / "run", resume=resume)
        assert [path.name for path in sorted((tmp_path / "run").iterdir())] == [
            "command.txt",
            "config.json",
        ]
        (tmp_path / "run" / "config.json").unlink()
        (tmp_path / "run" / "command.txt").unlink()


def test_overwriting_keeps_a_run_at_any_moment(tmp_path, monkeypatch):
    opened(tmp_path / "run")
    (tmp_path / "run" / "weights.safetensors").write_text("old")
    (tmp_path / "run" / "deep").mkdir()

    def killed(self, name, text):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RunFolder, "_write_text", killed)
        opened(tmp_path / "run", overwrite=True, config={"new": 1})
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.json"]
    assert opened(tmp_path / "run", overwrite=True, config={"new": 1}).config() == {"new": 1}


def test_a_finished_run_that_was_killed_at_its_last_step_drops_its_state(tmp_path):
    opened(tmp_path / "run")
    for name in ("finished", "state.safetensors"):
        (tmp_path / "run" / name).write_text("")
    with pytest.raises(InputError, match="this run is finished"):
        opened(tmp_path / "run", resume=True)
    assert not (tmp_path / "run" / "state.safetensors").exists()
