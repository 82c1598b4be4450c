"""The verb export-episodes, and that Minari reads what it writes."""

import sys

import numpy as np
import pytest

from boxfold.envs.instance_table import instances_from_frame
from boxfold.s1.tables import read_proposals

ID = "boxfold/expert-v0"


@pytest.fixture(scope="module")
def root(proposals, tmp_path_factory):
    pytest.importorskip("minari")
    from boxfold.scripts import cli

    root = tmp_path_factory.mktemp("datasets")
    flags = ["--split", "validation", "--max-boxes", "16", "--episodes-per-instance", "2"]
    assert cli.main(["export-episodes", "--data", str(proposals), *flags, "--out", str(root)]) == 0
    return root


@pytest.fixture
def dataset(root, monkeypatch):
    import minari

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(root))
    return minari.load_dataset(ID)


@pytest.fixture
def instances(proposals):
    frame = read_proposals(proposals)
    return instances_from_frame(frame[frame["split"] == "validation"], 16)


def test_minari_reads_every_episode(dataset, instances):
    assert dataset.total_episodes == 2 * len(instances) == 24
    episodes = list(dataset.iterate_episodes())
    assert dataset.total_steps == sum(len(each.actions) for each in episodes)
    for index, each in enumerate(episodes):
        instance = instances[index // 2]
        assert set(each.infos["id"]) == {instance.id} and set(each.infos["seq"]) == {instance.seq}
        assert each.rewards.sum() == pytest.approx(
            -instance.optimum.energy / instance.scale, abs=1e-6
        )
        assert set(each.actions) - {16} == set(instance.optimum.picks)
        assert each.terminations.sum() == 1 and each.terminations[-1]
        assert not each.truncations.any()
        np.testing.assert_array_equal(
            each.observations["boxes"][0, :, 3] > 0, np.arange(16) < instance.n_boxes
        )


def test_the_environment_comes_back_and_repeats_an_episode(dataset, instances):
    env = dataset.recover_environment()
    assert env.observation_space == dataset.observation_space
    assert env.action_space == dataset.action_space and env.unwrapped.config.max_boxes == 16
    episode = dataset[4]
    observation, _ = env.reset(options={"instance": instances[2]})
    for step, action in enumerate(episode.actions):
        for name, values in episode.observations.items():
            np.testing.assert_array_equal(values[step], observation[name])
        observation, reward, terminated, _, _ = env.step(action)
        assert (reward, terminated) == (episode.rewards[step], episode.terminations[step])


def test_it_says_where_it_is_from(dataset):
    metadata = dataset.storage.metadata
    assert metadata["dataset_id"] == ID and metadata["boxfold_version"] == "0.1.0"
    assert "proposals.parquet, split validation, 2 per sequence" in metadata["description"]
    assert metadata["dataset_size"] > 0 and metadata["seed"] == 0
    assert dataset.spec.env_spec.kwargs == {"max_boxes": 16, "reward": "final"}


def test_same_seed_same_bytes_and_no_silent_overwrite(proposals, tmp_path, call):
    pytest.importorskip("minari")
    flags = ["--data", proposals, "--limit", 3, "--max-boxes", 16, "--id", "mine/a-v1"]

    def contents():
        files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
        return {path.relative_to(tmp_path): path.read_bytes() for path in files}

    assert call("export-episodes", *flags, "--out", tmp_path).code == 0
    first = contents()
    assert len(first) == 1 + 2 * 3  # metadata.json; per episode one, and the steps
    assert call("export-episodes", *flags, "--out", tmp_path).is_one_line(
        "export-episodes", "mine/a-v1: exists already", "--overwrite"
    )
    assert call("export-episodes", *flags, "--out", tmp_path, "--overwrite").code == 0
    assert contents() == first
    assert call("export-episodes", *flags, "--out", tmp_path, "--overwrite", "--seed", 9).code == 0
    assert contents().keys() == first.keys() and contents() != first


def test_a_folder_that_is_no_data_set_stays(proposals, tmp_path, call):
    pytest.importorskip("minari")
    kept = tmp_path / ID / "thesis.tex"
    kept.parent.mkdir(parents=True)
    kept.write_text("years")
    outcome = call("export-episodes", "--data", proposals, "--out", tmp_path, "--overwrite")
    assert outcome.is_one_line("export-episodes", "holds no data set of Minari")
    assert kept.read_text() == "years"


@pytest.mark.parametrize("id_", ["noversion", "../up-v0", "/abs-v0", "a//b-v0", "-v0", "a-v"])
def test_bad_ids_are_one_line(id_, proposals, tmp_path, call):
    pytest.importorskip("minari")
    flags = ["--data", proposals, "--out", tmp_path / "x", f"--id={id_}"]
    assert call("export-episodes", *flags).is_one_line("export-episodes", "is no id of a data set")
    assert not (tmp_path / "x").exists()


def test_missing_minari_is_one_line(proposals, tmp_path, call, monkeypatch):
    monkeypatch.setitem(sys.modules, "minari", None)
    outcome = call("export-episodes", "--data", proposals, "--out", tmp_path / "x")
    assert outcome.is_one_line("export-episodes", "Minari is not installed", "-e '.[minari]'")
    assert not (tmp_path / "x").exists()


def test_no_sequences_is_one_line(tmp_path, proposals, call):
    pytest.importorskip("minari")
    from boxfold.s1.tables import write_proposals

    empty = tmp_path / "empty.parquet"
    write_proposals(read_proposals(proposals)[:0], empty)
    outcome = call("export-episodes", "--data", empty, "--out", tmp_path / "x")
    assert outcome.is_one_line("export-episodes", "holds no sequences")
