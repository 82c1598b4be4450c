import numpy as np
import pytest
import torch

from boxfold.s1.batches import Example
from boxfold.s1.inspection.cost import measured_cost
from boxfold.s1.inspection.receptive import OUTPUTS, gradient_profile, gradients
from boxfold.s1.network import BoxNet, NetworkConfig

SEQ = "GGGGAAGGGGAAAACCCCAAACCCCAUGGAUCUAGUCUGACUGCUACGU"
STRUCTURE = "((((..((((....))))...))))" + "." * (len(SEQ) - 25)


def network(competition):
    torch.manual_seed(0)
    config = NetworkConfig(channels=8, n_blocks=1, competition=competition, hidden=8)
    made = BoxNet(config)
    with torch.no_grad():
        for parameter in made.parameters():  # some layers start at zero
            parameter.add_(torch.randn(parameter.shape) * 0.1)
    return made


def test_a_stack_of_convolutions_sees_as_far_as_its_kernels():
    for magnitude in gradients(network(competition=0), SEQ, (20, 30)):
        rows, columns = np.nonzero(magnitude)
        # Stem 3 x 3, two dilated layers, 3 x 3 each: three blocks of two pixels, and one's own.
        assert np.abs(rows - 20).max() <= 7
        assert np.abs(columns - 30).max() <= 7
        assert magnitude[20, 30] > 0


def test_competition_sees_whole_rows():
    near, far = (gradients(network(n), SEQ, (20, 30))[0] for n in (0, 8))
    assert near[20, 47] == 0 < far[20, 47]


def test_profile_adds_up():
    examples = [Example.from_dot_bracket(SEQ, STRUCTURE)] * 3
    table = gradient_profile(network(competition=8), examples, max_examples=2, seed=1)
    assert set(table["output"]) == set(OUTPUTS)
    for _, part in table.groupby("output"):
        assert part["share"].sum() == pytest.approx(1)
        assert part["within"].iloc[-1] == pytest.approx(1)
        assert part["gradient"].iloc[0] == 1
        assert part["pixels"].sum() == len(SEQ) ** 2
        assert (part["cross"] <= part["share"] + 1e-12).all()


def test_without_stems_there_is_no_profile():
    unpaired = Example.from_dot_bracket("AAAAAAAA", "." * 8)
    assert gradient_profile(network(0), [unpaired], 4, seed=0).empty


def test_cost_of_a_sequence(untrained_s1):
    cost = measured_cost(str(untrained_s1), length=40, seed=1, threads=1)
    assert cost["length"] == 40
    assert 0 < cost["seconds"] < 5
    assert cost["peak"] > cost["megabytes"] >= 0
