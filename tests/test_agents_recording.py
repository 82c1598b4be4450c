"""Recordings: replayed picks against the environment, hand-worked hairpins, knots, JSON."""

import json

import numpy as np
import pytest

from boxfold.agents.agent import Assembly, assembly_of_picks
from boxfold.agents.heuristics import GreedyScoreAgent
from boxfold.agents.recording import (
    REWARD,
    Recording,
    Step,
    recorded_structure,
    recordings,
    replayed,
)
from boxfold.agents.recording_json import SCHEMA, record_content, view_content
from boxfold.agents.registry import load_agent
from boxfold.agents.rollout import rollout
from boxfold.envs.box_assembly import BoxAssemblyEnv
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.box import boxes_to_array, hairpin_box, stem_box
from boxfold.features.calibration import Calibration
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.energy import EnergyModel

HAIRPIN = "GGGGAAAACCCC"
STEMS = (stem_box(0, 11, 4), stem_box(1, 11, 3), stem_box(0, 11, 2), stem_box(2, 9, 2))
"""Of the hairpin: all of it; one shifted by a base; its outer half; its inner half."""
KNOT = "GGGAACCCAACCCAAGGG"
RIBOSWITCH = "GGGAUACAGGACUGGCGGAUUAGUGGGAAACCACGUGGACUGUAUCCGAAAAAAAGCCGACCGCCUGGGCAUC"


def instance(seq=HAIRPIN, stems=STEMS, score=(0.5, 0.4, 0.3, 0.2), loops=(), reference=None):
    proposals = Proposals(
        boxes_to_array(stems),
        np.array(score, dtype=np.float32),
        np.zeros((len(stems), len(EVIDENCE)), dtype=np.float32),
        boxes_to_array(loops),
        np.full(len(loops), 0.25, dtype=np.float32),
    )
    return Instance("tiny", seq, proposals, reference)


def knot():
    return instance(KNOT, (stem_box(0, 12, 3), stem_box(5, 17, 3)), (0.25, 0.75))


class Fixed:
    """Assembles what it is told to."""

    can_sample = False
    name = "fixed"

    def __init__(self, picks, order=None, pseudoknots="forbid"):
        self.picks, self.order, self.pseudoknots = picks, order, pseudoknots

    def assemble(self, instances, rng, samples=1):
        if self.picks is None:
            return [Assembly(None, np.array([[0, 11]]), 0) for _ in instances]
        found = [assembly_of_picks(each, self.picks) for each in instances]
        return [each._replace(order=self.order) for each in found]


def recorded(agent, of=None, calibration=None):
    given = (calibration,) if calibration else ()
    (found,) = recordings(agent, [of or instance()], np.random.default_rng(0), 1, *given)
    return found


def test_a_hairpin_picked_in_two_halves():
    model = EnergyModel(HAIRPIN)
    whole, half = (base_pairs_from_dot_bracket(s) for s in ("((((....))))", "((........))"))
    found = recorded(Fixed((2, 3)))
    assert [step.pick for step in found.steps] == [None, 2, 3] and found.picks == (2, 3)
    energies = [0.0, model.free_energy(half), model.free_energy(whole)]
    assert [step.energy for step in found.steps] == pytest.approx(energies)
    assert found.free_energy == -5.4 and found.base_pairs.tolist() == whole.tolist()
    # The outer half shares bases with both long stems; nothing is left for the inner half to ban.
    assert [step.excluded for step in found.steps] == [(), (0, 1), ()]
    assert [step.reward for step in found.steps] == pytest.approx([-e / 5.4 for e in energies])
    assert found.reasons == ()


def test_rewards_sum_up_to_those_of_the_environment():
    of = instance_from_sequence("GGGAACCCAAGGGAACCCAAGCGCAAAAGCGC", 16)
    found = recorded(GreedyScoreAgent(), of)
    env = BoxAssemblyEnv(reward="immediate", max_boxes=16)
    env.reset(seed=0, options={"instance": of})
    total, ended = 0.0, False
    for step in found.steps[1:]:
        before = env.action_masks()[:-1]
        _, reward, ended, _, info = env.step(step.pick)
        total += reward
        masked = set(np.flatnonzero(before & ~env.batch.selectable[0])) - {step.pick}
        assert set(step.excluded) == masked and step.reward == pytest.approx(total)
        assert step.energy == env.batch.energy(0)
    if not ended:
        _, _, _, _, info = env.step(16)
    assert len(found.picks) > 1 and found.steps[-1].energy == info["energy"]
    assert found.steps[-1].reward == pytest.approx(-info["energy"] / of.scale)


def test_agents_that_decide_at_once_are_ordered_by_score_and_policies_keep_theirs():
    scored = instance(score=(0.1, 0.1, 0.2, 0.9))
    assert recorded(Fixed((2, 3)), scored).picks == (3, 2)
    assert recorded(Fixed((2, 3), order=(2, 3)), scored).picks == (2, 3)


def test_a_policy_tells_the_order_of_its_greedy_rollout():
    agent = load_agent("clone")
    of = [instance_from_sequence(RIBOSWITCH, 32)]
    (one,) = agent.assemble(of, np.random.default_rng(0))
    (best,) = agent.assemble(of, np.random.default_rng(0), samples=4)
    for found in (one, best):
        assert tuple(sorted(found.order)) == found.picks != found.order
    network, config = agent.learned.network, AssemblyConfig(max_boxes=32)
    ((greedy,),) = rollout(network, of, config, np.random.default_rng(0))
    (shown,) = recordings(agent, of, np.random.default_rng(0))
    assert shown.picks == one.order == greedy and shown.agent == "clone"


def test_an_impossible_pick_ends_the_episode_and_is_no_step():
    steps, reasons = replayed(instance(), (2, 0, 3), "forbid")
    assert [step.pick for step in steps] == [None, 2]
    assert steps[-1].reward == pytest.approx(-REWARD.invalid_penalty)
    assert reasons == ("picked stem 1-12 and stem 1-12 share a base",)


def test_a_picked_loop_that_no_stem_makes_is_an_invalid_end():
    of = instance(loops=(hairpin_box(3, 8), hairpin_box(1, 10)))
    good, none = replayed(of, (0, 4), "forbid")
    assert none == () and [step.pick for step in good] == [None, 0, 4]
    assert 5 in {box for step in good for box in step.excluded}
    bad, reasons = replayed(of, (5,), "forbid")
    assert [step.pick for step in bad] == [None, 5] and reasons
    assert bad[-1].reward == -REWARD.invalid_penalty


def test_nothing_picked_is_one_step_and_no_boxes_are_none():
    assert recorded(Fixed(())).steps == (Step(None, 0.0, 0.0, ()),)
    made_at_once = recorded(Fixed(None))
    assert made_at_once.steps == () and made_at_once.base_pairs.tolist() == [[0, 11]]


def test_confidences_of_pairs_bases_and_structure_by_hand():
    # Pairs (0, 11) and (1, 10) are held by stems of .5 and .3, (2, 9) and (3, 8) by .5 and .2.
    found = recorded(Fixed((2,)))
    assert found.confidence.pairs == pytest.approx([0.8, 0.8])
    # Base 2 may pair with 9 (.7) or 10 (.4): 1 - 1.1 is cut at 0. Base 4 pairs with nobody.
    assert found.base_confidence[[0, 1, 2, 4, 11]] == pytest.approx([0.8, 0.8, 0.0, 1.0, 0.8])
    expected = 2 * 1.6 / (2 + 2 * 0.8 + 2 * 0.7 + 3 * 0.4)
    assert found.confidence.structure == pytest.approx(expected)
    sharper = recorded(Fixed((2,)), calibration=Calibration(slope=2.0))
    assert sharper.confidence.pairs == pytest.approx([16 / 17] * 2)


def test_a_knot_is_left_out_of_the_layout_and_allowed_where_it_is_recorded():
    found = recorded(Fixed((0, 1), pseudoknots="allow"), knot())
    assert found.picks == (1, 0) and found.reasons == ()
    assert np.flatnonzero(~found.is_laid_out).tolist() == [3, 4, 5]
    assert found.layout.shape == (18, 2) and np.isfinite(found.layout).all()
    rungs = found.layout[found.base_pairs[found.is_laid_out]]
    lengths = np.linalg.norm(rungs[:, 0] - rungs[:, 1], axis=1)
    assert lengths == pytest.approx(lengths[0], rel=0.01)
    assert recorded(Fixed((0,)), knot()).steps[1].excluded == (1,)
    assert recorded(Fixed((0,), pseudoknots="allow"), knot()).steps[1].excluded == ()


def test_a_foreign_structure_may_pair_what_cannot():
    tight = recorded_structure("x", "GGAAC", np.array([[0, 2], [1, 4]]))
    assert tight.free_energy is None and tight.layout.shape == (5, 2)
    assert np.flatnonzero(~tight.is_laid_out).tolist() == [0, 1]
    assert recorded_structure("x", "A", np.zeros((0, 2), dtype=int)).layout.tolist() == [[100, 100]]


def test_json_has_what_the_page_reads_and_nothing_else_than_json():
    reference = base_pairs_from_dot_bracket("((((....))))")
    found = recorded(Fixed((2, 3)), instance(loops=(hairpin_box(3, 8),), reference=reference))
    text = json.dumps(view_content([found], "title"), allow_nan=False)
    content = json.loads(text)
    assert content["schema"] == SCHEMA and content["title"] == "title"
    (record,) = content["records"]
    assert set(record) == {
        *("id", "seq", "agent", "s1", "boxes", "steps", "reasons", "base_pairs"),
        *("pair_probability", "base_confidence", "structure_confidence", "free_energy"),
        *("reference", "layout", "knotted", "multiloops"),
    }
    assert (record["id"], record["agent"], record["s1"]) == ("tiny", "fixed", None)
    names = ("kind", "row", "col", "n_rows", "n_cols", "probability")
    assert record["boxes"][0] == dict(zip(names, ("stem", 0, 8, 4, 4, 0.5), strict=True))
    assert record["boxes"][4] == dict(zip(names, ("hairpin", 3, 3, 6, 6, 0.25), strict=True))
    last = {"box": 3, "energy": -5.4, "reward": 1.0, "excluded": []}
    assert [step["box"] for step in record["steps"]] == [None, 2, 3] and record["steps"][-1] == last
    assert record["reference"] == record["base_pairs"] == reference.tolist()
    assert len(record["layout"]) == len(record["base_confidence"]) == len(HAIRPIN)


def test_json_of_a_structure_alone_and_of_a_multiloop():
    seq, structure = "GCGGAUUUAGCUCAGUUGGGAGAGC", ".((..((...))..((...))..))"
    found = recorded_structure("m", seq, base_pairs_from_dot_bracket(structure))
    content = record_content(found)
    assert content["multiloops"] == [{"pairs": [[2, 23], [5, 11], [14, 20]]}]
    assert content["steps"] == content["boxes"] == content["knotted"] == []
    absent = ("pair_probability", "base_confidence", "structure_confidence", "reference", "agent")
    assert [content[name] for name in absent] == [None] * 5
    assert isinstance(found, Recording)
