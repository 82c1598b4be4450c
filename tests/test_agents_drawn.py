import numpy as np
import pytest
import torch

from boxfold.agents.agent import Assembly
from boxfold.agents.drawn import best_drawn, boxes_of_slots, drawn_assembly, is_assembly
from boxfold.agents.evaluation import EvaluationConfig, evaluate_agents, summarise
from boxfold.agents.guided_agent import load_guided_beam
from boxfold.agents.learned import load_learned, save_learned
from boxfold.agents.learned_agents import PolicyAgent
from boxfold.agents.measuring import Ruler, measure
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.rollout import rollout
from boxfold.agents.validation import validate_policy, validation_scores
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.features.box import boxes_to_array, hairpin_box, stem_box
from boxfold.features.errors import InputError
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.s1.run_folder import RunFolder

SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8, pair_dim=4)
ALL = AssemblyConfig(8, action_types="all")
FREE = AssemblyConfig(4, mask=False)
SHAPE = "((((....))))"


def hairpin():
    """Stems of 4 and 2 pairs that share bases; the hairpin of the first, and one of neither."""
    boxes = boxes_to_array([stem_box(0, 11, 4), stem_box(0, 10, 2)])
    evidence, score = np.zeros((2, len(EVIDENCE)), np.float32), np.ones(2, np.float32)
    loops = boxes_to_array([hairpin_box(3, 8), hairpin_box(2, 8)])
    proposals = Proposals(boxes, score, evidence, loops, score)
    return Instance("x", "GGGGAAAACCCC", proposals, base_pairs_from_dot_bracket(SHAPE))


def network_that_picks(everything=True, seed=1):
    torch.manual_seed(seed)
    network = AssemblyNetwork(SMALL)
    torch.nn.init.normal_(network.box_score.weight)
    torch.nn.init.constant_(network.stop_score.bias, -20.0 if everything else 20.0)
    return network.eval()


def test_loops_stand_behind_the_stems_of_the_instance():
    instance = hairpin()
    assert instance.all_boxes[:, 0].tolist() == [0, 0, 2, 2]
    assert boxes_of_slots([0, 4, 5], instance, ALL) == (0, 2, 3)
    assert boxes_of_slots([1, 0], instance, AssemblyConfig(8)) == (1, 0)
    batch = BatchAssembly(ALL)
    batch.load(0, instance)
    for slot in (0, 1, 4, 5):
        (box,) = boxes_of_slots([slot], instance, ALL)
        assert batch.observation["boxes"][0, slot].tolist() == instance.all_boxes[box].tolist()
    assert instance.stems_of((0, 3, 1)) == [0, 1]


def test_what_is_invalid_has_no_structure():
    instance = hairpin()
    assert is_assembly(instance, (0, 2), ALL) and not is_assembly(instance, (0, 3), ALL)
    assert not is_assembly(instance, (0, 1), FREE)
    good = drawn_assembly(instance, (2, 0), ALL, 5)
    assert (good.picks, len(good.base_pairs), good.energy_calls) == ((0, 2), 4, 5)
    for config, picks, reason in (
        (ALL, (0, 3), "picked hairpin 3-9 is not in the structure"),
        (FREE, (0, 1), "picked stem 1-12 and stem 1-11 share a base"),
    ):
        bad = drawn_assembly(instance, picks, config)
        assert bad.picks == picks and bad.base_pairs.shape == (0, 2)
        row = measure(instance, bad, Ruler(instance.optimum.energy, 0.0))
        assert (row["reasons"], row["validity"], row["free_energy"]) == (reason, 0, None)


def test_the_best_draw_is_valid_if_any_is():
    instance = hairpin()
    assert best_drawn(instance, [(0, 3), (), (0, 2)], ALL) == (0, 2)
    assert best_drawn(instance, [(0, 3), ()], ALL) == ()
    assert best_drawn(instance, [(0, 3), (1, 0)], ALL) == (0, 3)


def test_validation_counts_what_is_invalid_as_the_empty_structure():
    instance = hairpin()
    optimum = instance.optimum.energy
    assert optimum < -4
    scores = validation_scores([instance] * 4, [(0, 2), (0, 3), (), (0,)], ALL)
    assert scores["eval/validity"] == 0.75
    assert scores["eval/energy_gap"] == pytest.approx(-optimum / 2)
    assert scores["eval/mean_reward"] == pytest.approx((1 - 1 + 0 + 1) / 4)
    assert scores["eval/f1"] == 0.5


def test_the_pick_that_ends_an_episode_is_kept():
    instance = hairpin()
    network = network_that_picks()
    (of_one,) = rollout(network, [instance], FREE, np.random.default_rng(0), 6)
    assert {frozenset(picks) for picks in of_one} == {frozenset({0, 1})}
    _, metrics = validate_policy(network, [instance], FREE)
    assert (metrics["eval/validity"], metrics["eval/f1"]) == (0, 0)
    assert metrics["eval/energy_gap"] == pytest.approx(-instance.optimum.energy)
    _, metrics = validate_policy(network_that_picks(False), [instance], FREE)
    assert metrics["eval/validity"] == 1


@pytest.mark.parametrize("config", [ALL, FREE, AssemblyConfig(8, action_types="all", mask=False)])
def test_saved_agents_assemble_and_are_evaluated_as_they_were_trained(config, tmp_path):
    network = network_that_picks()
    save_learned(RunFolder(tmp_path), network, config, "policy")
    learned = load_learned(tmp_path / "weights.safetensors")
    assert (learned.action_types, learned.mask) == (config.action_types, config.mask)
    agent = PolicyAgent.from_run(tmp_path)
    (assembly,) = agent.assemble([hairpin()], np.random.default_rng(0))
    (expected,) = rollout(network, [hairpin()], config, np.random.default_rng(0))
    assert isinstance(assembly, Assembly) and assembly.picks == tuple(sorted(expected[0]))
    valid = is_assembly(hairpin(), expected[0], config)
    summary = summarise(evaluate_agents([agent], [hairpin()], EvaluationConfig(samples=16)))
    assert summary["validity"].tolist()[0] == float(valid)
    assert config.mask or not valid


def test_a_beam_is_not_guided_to_loops(tmp_path):
    save_learned(RunFolder(tmp_path), network_that_picks(), ALL, "policy")
    with pytest.raises(InputError, match="a beam picks stems"):
        load_guided_beam(tmp_path / "weights.safetensors", "x@beam4", "forbid", 4)
