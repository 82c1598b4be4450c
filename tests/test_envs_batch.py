import numpy as np
import pytest

from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import configured
from boxfold.envs.instance import Instance
from boxfold.envs.observation import GLOBAL_NAMES
from boxfold.features.box import boxes_to_array, hairpin_box, stem_box
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.reward import RewardConfig

TWO_HAIRPINS = "GGGGAAAACCCCAAGCGCUUUUGCGC"
STEMS = [stem_box(0, 11, 4), stem_box(1, 10, 3), stem_box(14, 25, 4), stem_box(3, 8, 1)]
LOOPS = [hairpin_box(3, 8), hairpin_box(2, 9)]


def instance_of(seq=TWO_HAIRPINS, stems=STEMS, loops=()):
    evidence = np.zeros((len(stems), len(EVIDENCE)), dtype=np.float32)
    score = np.linspace(1, 0.5, len(stems), dtype=np.float32)
    loop_score = np.full(len(loops), 0.5, dtype=np.float32)
    lines = boxes_to_array(stems), score, evidence, boxes_to_array(loops), loop_score
    return Instance("x", seq, Proposals(*lines))


def loaded(instance=None, **settings):
    batch = BatchAssembly(configured(None, {"max_boxes": 6, **settings}))
    batch.load(0, instance or instance_of())
    return batch


def mask_of(batch):
    return "".join(map(str, batch.observation["action_mask"][0]))


def globals_of(batch):
    return dict(zip(GLOBAL_NAMES, batch.observation["globals"][0].tolist(), strict=True))


def test_a_pick_masks_itself_and_what_shares_a_base():
    batch = loaded()
    assert mask_of(batch) == "1111001"
    result = batch.step([0])
    assert mask_of(batch) == "0010001"
    assert not result.terminated[0] and result.reward[0] == 0 and result.infos == [{}]
    assert batch.observation["picked"][0].tolist() == [1, 0, 0, 0, 0, 0]


def test_globals_tell_picks_and_energy():
    batch = loaded()
    instance = batch.instances[0]
    start = {"length": 26 / 200, "n_picked": 0, "paired": 0, "energy": 0, "selectable": 1}
    assert globals_of(batch) == pytest.approx(start)
    batch.step([0])
    energy = instance.model.free_energy(base_pairs_from_dot_bracket("((((....))))" + "." * 14))
    wanted = {"n_picked": 1 / 20, "paired": 8 / 26, "energy": energy / 20, "selectable": 1 / 4}
    assert globals_of(batch) == pytest.approx({**start, **wanted})


def test_episode_ends_by_itself_when_nothing_is_left():
    batch = loaded()
    batch.step([0])
    result = batch.step([2])
    info = result.infos[0]
    optimum = batch.instances[0].optimum.energy
    assert result.terminated[0] and mask_of(batch) == "0000001"
    assert info["dot_bracket"] == "((((....))))..((((....))))"
    assert info["picks"] == (0, 2) and info["n_picks"] == 2
    assert info["energy"] == optimum and info["energy_gap"] == 0 and info["is_success"]
    assert info["valid"] and info["reasons"] == () and "f1" not in info
    assert result.reward[0] == pytest.approx(1) == info["reward/energy"]


def test_stop_ends_with_the_energy_of_what_is_picked():
    batch = loaded()
    batch.instances[0].reference = base_pairs_from_dot_bracket("((((....))))..((((....))))")
    batch.step([0])
    result = batch.step([6])
    info, instance = result.infos[0], batch.instances[0]
    assert result.terminated[0] and info["valid"] and not info["is_success"]
    assert result.reward[0] == pytest.approx(-instance.energy([0]) / instance.scale)
    assert info["energy_gap"] == pytest.approx(instance.energy([0]) - instance.optimum.energy)
    assert info["f1"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (0, "box 0 is picked already"),
        (1, "picked stem 1-12 and stem 2-11 share a base"),
        (4, "slot 4 holds no box"),
        (7, "slot 7 holds no box"),
        (-1, "slot -1 holds no box"),
    ],
)
@pytest.mark.parametrize("mask", [True, False])
def test_impossible_pick_ends_the_episode_as_invalid(action, reason, mask):
    batch = loaded(mask=mask, reward=RewardConfig(invalid_penalty=0.5))
    batch.step([0])
    result = batch.step([action])
    info = result.infos[0]
    assert result.terminated[0] and result.reward[0] == -0.5 == info["reward/validity"]
    assert info["reasons"] == (reason,) and not info["valid"] and not info["is_success"]
    assert info["picks"] == (0,) and info["dot_bracket"] == "((((....))))" + "." * 14


def test_without_mask_conflicts_are_not_shown():
    batch = loaded(mask=False)
    batch.step([0])
    assert mask_of(batch) == "0111001"
    assert batch.selectable[0].tolist() == [False, False, True, False, False, False]


def test_a_finished_episode_ignores_actions():
    batch = loaded()
    batch.step([6])
    picked = batch.observation["picked"].copy()
    result = batch.step([0])
    assert result.terminated[0] and result.reward[0] == 0 and result.infos == [{}]
    np.testing.assert_array_equal(batch.observation["picked"], picked)


def test_no_proposals_leave_only_stop():
    batch = loaded(instance_of("A" * 10, stems=[]))
    assert mask_of(batch) == "0000001"
    result = batch.step([6])
    assert result.infos[0]["valid"] and result.infos[0]["is_success"] and result.reward[0] == 0


def test_crossing_boxes_only_where_allowed():
    stems = [stem_box(0, 13, 4), stem_box(6, 20, 3)]
    knot = instance_of("GGGGAACCCACCCCAAAAGGG", stems)
    assert mask_of(loaded(knot)) == mask_of(loaded(knot, pseudoknots="allow")) == "1100001"
    assert loaded(knot).step([0]).infos[0]["dot_bracket"] == "((((......))))......."
    batch = loaded(knot, pseudoknots="allow")
    batch.step([0])
    info = batch.step([1]).infos[0]
    assert info["dot_bracket"] == "((((..[[[.))))....]]]" and info["valid"]
    assert info["energy"] == knot.energy([0, 1])


def test_knot_order_limits_what_two_page_knots_may_grow_to():
    # four stems that all cross each other
    seq = "GGGAAGGGAAGGGAAGGGAACCCAACCCAACCCAACCC"
    stems = [stem_box(5 * k, 5 * k + 22, 3) for k in range(4)]
    for order in (1, 2, 3):
        batch = loaded(instance_of(seq, stems), pseudoknots="allow", max_knot_order=order)
        for n_picked in range(1, order + 1):
            assert mask_of(batch)[:4] == "0" * (n_picked - 1) + "1" * (5 - n_picked)
            assert not batch.step([n_picked - 1]).terminated[0]
        info = batch.step([order]).infos[0]  # nothing may follow
        assert info["n_picks"] == order + 1 and info["valid"]
    batch = loaded(instance_of(seq, stems), pseudoknots="allow", mask=False)
    for action in (0, 1):
        batch.step([action])
    reasons = batch.step([2]).infos[0]["reasons"]
    assert reasons == ("the picked stems need more than 2 bracket pages",)


def test_a_picked_loop_asserts_its_pairs_and_unpaired_bases():
    batch = loaded(instance_of(loops=LOOPS), max_boxes=10, action_types="all")
    assert mask_of(batch) == "11110" + "11000" + "1"
    batch.step([5])  # hairpin closed by 3-8: the stems keep that pair, the wider hairpin is out
    assert mask_of(batch) == "11110" + "00000" + "1"
    batch.step([0])
    info = batch.step([2]).infos[0]
    assert info["valid"] and info["picks"] == (5, 0, 2)
    assert info["dot_bracket"] == "((((....))))..((((....))))"


def test_a_picked_stem_forbids_loops_that_contradict_it():
    batch = loaded(instance_of(loops=LOOPS), max_boxes=10, action_types="all")
    batch.step([3])  # pair 3-8 alone
    assert mask_of(batch) == "00100" + "10000" + "1"


def test_a_picked_loop_that_no_stem_makes_is_invalid():
    batch = loaded(instance_of(loops=LOOPS), max_boxes=10, action_types="all")
    batch.step([6])
    result = batch.step([10])
    assert result.reward[0] == -1
    assert result.infos[0]["reasons"] == ("picked hairpin 3-10 is not in the structure",)


def test_loops_bring_no_pairs_and_no_energy():
    batch = loaded(instance_of(loops=LOOPS), max_boxes=10, action_types="all")
    batch.step([5])
    assert globals_of(batch)["paired"] == 0 == globals_of(batch)["energy"]


@pytest.mark.parametrize(
    "settings",
    [
        {"max_boxes": 1},
        {"action_types": "loops"},
        {"pseudoknots": "maybe"},
        {"reward": "late"},
        {"colour": "red"},
        {"reward": "potential", "pseudoknots": "allow"},
    ],
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ValueError, match=r"allowed|needs"):
        configured(None, settings)
