"""Random steps of the environment: nothing is raised, every state is what its picks say."""

from itertools import product

import numpy as np
import pytest
from random_boxes import random_stems
from step_check import Slotted

from boxfold.envs.batch import BatchAssembly
from boxfold.envs.box_assembly import BoxAssemblyEnv
from boxfold.envs.config import configured
from boxfold.envs.instance import Instance
from boxfold.envs.sampler import ListSampler
from boxfold.envs.vec_env import BoxAssemblyVecEnv
from boxfold.features.box import boxes_to_array
from boxfold.features.loops import structure_boxes
from boxfold.features.proposals import EVIDENCE, Proposals
from boxfold.features.relations import conflict_matrix
from boxfold.features.structure import as_base_pairs
from boxfold.features.synthetic import synthetic_sequence

SETTINGS = [
    dict(zip(("mask", "action_types", "pseudoknots"), values, strict=True))
    for values in product((True, False), ("stem", "all"), ("forbid", "allow"))
]
REWARDS = {"forbid": ("final", "immediate", "potential"), "allow": ("final", "immediate")}
B = 64
CHECKED = 0.02  # share of the steps after which a state is computed anew


def instance(rng, name):
    """Stems of a random sequence, overlapping and crossing, and loops of sets of them."""
    seq = synthetic_sequence(int(rng.integers(16, 70)), rng)
    stems = random_stems(seq, int(rng.integers(0, 25)), rng)
    loops = [loops_of(stems, rng) for _ in range(4)]
    loops = np.unique(np.concatenate([boxes_to_array([]), *loops]), axis=0)
    loops = rng.permutation(loops)[:12]
    scores = [np.sort(rng.random(len(lines)).astype(np.float32))[::-1] for lines in (stems, loops)]
    evidence = rng.random((len(stems), len(EVIDENCE))).astype(np.float32)
    reactivity = rng.gamma(1, 0.5, len(seq)).astype(np.float32)
    reactivity[rng.random(len(seq)) < 0.1] = np.nan
    proposals = Proposals(stems, scores[0], evidence, loops, scores[1])
    return Instance(name, seq, proposals, reactivity=reactivity)


def loops_of(stems, rng):
    """Loops of a random set of stems without conflict."""
    conflict, chosen = conflict_matrix(stems), []
    for stem in rng.permutation(len(stems)).tolist():
        if not conflict[stem, chosen].any():
            chosen.append(stem)
    pairs = [(i + k, c + n - 1 - k) for _, i, c, n, _ in stems[chosen].tolist() for k in range(n)]
    boxes = structure_boxes(as_base_pairs(pairs))
    return boxes[boxes[:, 0] > 0]


class Cases:
    """Instances in the slots of a config, and how often each was judged."""

    def __init__(self, config, n_instances, rng):
        instances = [instance(rng, str(k)) for k in range(n_instances)]
        self.by_id = {each.id: Slotted(each, config) for each in instances}
        self.config, self.instances, self.judged = config, instances, {True: 0, False: 0}

    def judge(self, info, before, action):
        """What is called valid must be a structure, and the other way round."""
        case, picks = self.by_id[info["id"]], list(before)
        is_legal = action == self.config.stop or case.may_pick(before, action)
        if is_legal and action != self.config.stop:
            picks.append(action)
        assert list(info["picks"]) == picks
        assert info["valid"] == (is_legal and case.is_valid(picks)), (info, action)
        self.judged[info["valid"]] += 1


def random_actions(mask, rng):
    """Mostly what a mask (B, N + 1) allows, seldom STOP, at times any integer."""
    preference = rng.random(mask.shape) * mask
    preference[:, -1] *= 0.05
    actions = preference.argmax(axis=1)
    wild = rng.random(len(mask)) < 0.05
    actions[wild] = rng.integers(-3, mask.shape[1] + 3, wild.sum())
    return actions


@pytest.mark.parametrize("n", [4_000, pytest.param(1_000_000, marks=pytest.mark.stress)])
def test_random_steps_of_a_batch(n, tally):
    per_setting, checks, judged = n // len(SETTINGS), 0, {True: 0, False: 0}
    for number, settings in enumerate(SETTINGS):
        rng = np.random.default_rng([n, number])
        reward = REWARDS[settings["pseudoknots"]][number % 2]
        seen = {"max_bases": 70, "reactivity": True} if number % 3 else {}
        config = configured(None, {"max_boxes": 20, "reward": reward, **settings, **seen})
        cases = Cases(config, min(200, per_setting // 40), rng)
        batch = BatchAssembly(config, B)
        running = [int(rng.integers(len(cases.instances))) for _ in range(B)]
        for b, k in enumerate(running):
            batch.load(b, cases.instances[k])
        for _ in range(per_setting // B):
            actions = random_actions(batch.action_masks(), rng)
            before = [list(picks) for picks in batch.picks]
            result = batch.step(actions)
            assert np.isfinite(result.reward).all()
            # One for all that begin now: laying out its slots takes more time than an episode.
            fresh = cases.instances[int(rng.integers(len(cases.instances)))]
            for b in np.flatnonzero(result.terminated).tolist():
                cases.judge(result.infos[b], before[b], int(actions[b]))
                batch.load(b, fresh)
            for b in np.flatnonzero(rng.random(B) < CHECKED).tolist():
                checks += 1
                cases.by_id[batch.instances[b].id].compare(batch, b)
        judged = {valid: judged[valid] + count for valid, count in cases.judged.items()}
    assert judged[True] > n / 100 and judged[False] > n / 100 and checks > n / 100
    tally(
        "random steps, masked and not, stems and all boxes, knots forbidden and allowed",
        f"{n:,} steps, {judged[True] + judged[False]:,} structures judged ({judged[True]:,} valid)",
    )
    tally("state of an episode, computed anew from its picks", f"{checks:,} states")


@pytest.mark.parametrize("n", [400, pytest.param(20_000, marks=pytest.mark.stress)])
def test_random_steps_of_the_environments(n, tally):
    """One by one and as a vector: the same rules, and observations that lie in their space."""
    for number, settings in enumerate(SETTINGS):
        rng = np.random.default_rng([n, number])
        config = configured(
            None, {"max_boxes": 20, "max_bases": 70, "reactivity": True, **settings}
        )
        cases = Cases(config, 20, rng)
        env = BoxAssemblyEnv(ListSampler(cases.instances), config)
        vector = BoxAssemblyVecEnv(4, ListSampler(cases.instances), config)
        observation, _ = env.reset(seed=number)
        vector.seed(number)
        vector.reset()
        for _ in range(n // len(SETTINGS) // 5):
            action = int(random_actions(env.action_masks()[None], rng)[0])
            before = list(env.batch.picks[0])
            observation, _, ended, _, info = env.step(action)
            assert env.observation_space.contains(observation)
            if ended:
                cases.judge(info, before, action)
                env.reset()
            cases.by_id[env.instance.id].compare(env.batch, 0)
            actions = random_actions(vector.action_masks(), rng)
            before = [list(picks) for picks in vector.stream.batch.picks]
            _, _, dones, infos = vector.step(actions)
            for b in np.flatnonzero(dones).tolist():
                assert env.observation_space.contains(infos[b]["terminal_observation"])
                cases.judge(infos[b], before[b], int(actions[b]))
    tally("random steps of BoxAssembly-v0 and of the VecEnv, observations in their space", f"{n:,}")
