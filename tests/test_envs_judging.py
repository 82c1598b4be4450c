from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence


def played(judge):
    """Rewards, ends and infos of picking the best stem of a hairpin, then STOP if still needed."""
    batch = BatchAssembly(AssemblyConfig(4), 1, judge=judge)
    batch.load(0, instance_from_sequence("GGGGAAAACCCCAAGGGGAAAACCCC", 4))
    steps = [batch.step([0]), batch.step([4])]
    assert batch.finished.all() and batch.picks[0][0] == 0
    return [each.reward.tolist() for each in steps], [each.infos[0] for each in steps]


def test_without_judging_only_infos_are_missing():
    rewards, infos = played(judge=True)
    fast_rewards, fast_infos = played(judge=False)
    assert rewards == fast_rewards and sum(map(sum, rewards)) > 0
    assert any(infos) and not any(fast_infos)
