import pytest
import torch

from boxfold.features.errors import InputError
from boxfold.s1.model import S1Model
from boxfold.s1.run_folder import save_tensors
from boxfold.s1.shipped import HEADS, RESCORER, load_shipped, write_shipped


@pytest.fixture
def weights(tmp_path):
    tensors = {"trunk.a": torch.ones(2), "rescorer.b": torch.arange(3.0)}
    meta = {"kind": "s1", "network": {"rescoring": 1}}
    save_tensors(tmp_path / "weights.safetensors", tensors, meta)
    return tmp_path / "weights.safetensors"


def test_both_files_together_are_the_whole(weights, tmp_path):
    write_shipped(weights, tmp_path)
    tensors, meta = load_shipped("mfe", tmp_path)
    assert sorted(tensors) == ["rescorer.b", "trunk.a"]
    assert tensors["rescorer.b"].tolist() == [0.0, 1.0, 2.0] and meta["network"] == {"rescoring": 1}


def test_a_missing_file_is_named(weights, tmp_path):
    write_shipped(weights, tmp_path)
    (tmp_path / RESCORER).unlink()
    with pytest.raises(InputError, match=RESCORER):
        load_shipped("mfe", tmp_path)


def test_writing_twice_gives_the_same_bytes(weights, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_shipped(weights, tmp_path / folder)
    for name in (HEADS, RESCORER):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_ships_is_a_network_with_a_rescorer():
    network = S1Model.load().network
    assert network.rescorer is not None
    shapes = {name: tensor.shape for name, tensor in load_shipped()[0].items()}
    assert shapes == {name: tensor.shape for name, tensor in network.state_dict().items()}


def test_a_network_without_a_rescorer_is_one_file_under_its_name(tmp_path):
    weights = tmp_path / "weights.safetensors"
    save_tensors(weights, {"trunk.a": torch.ones(2)}, {"kind": "s1", "network": {}})
    write_shipped(weights, tmp_path, "real")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "SHA256SUMS",
        "real_heads.safetensors",
        "weights.safetensors",
    ]
    assert list(load_shipped("real", tmp_path)[0]) == ["trunk.a"]


def test_the_weights_of_known_structures_read_pair_probabilities_and_vote_on_nothing():
    network = S1Model.load("real").network
    assert network.config.prior == ("turner2004", "andronescu2007")
    assert network.boxes is None and network.rescorer is None
