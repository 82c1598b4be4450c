"""The judge: what it sees, that it learns shares, and that its assemblies are solved exactly."""

import numpy as np
import pytest
import torch

from boxfold.agents import judge_agent
from boxfold.agents.additive_agents import BestScoreAgent, BestScoreConfig
from boxfold.agents.additive_tuning import structure_scores
from boxfold.agents.confidence import JudgesPairs, pairs_of_agent
from boxfold.agents.judge import JudgeTrainer
from boxfold.agents.judge_agent import JudgeAgent, judged_shares
from boxfold.agents.judge_features import EXTRA_NAMES, JUDGE_NAMES, judge_features
from boxfold.agents.learned import Learned, load_learned, save_learned
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.registry import load_agent
from boxfold.agents.training_config import JUDGE_NETWORK, JudgeConfig
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance
from boxfold.features.calibration import IDENTITY, Calibration, reliability
from boxfold.features.errors import InputError
from boxfold.features.pair_confidence import is_known
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops, run_proposals
from boxfold.features.stem_weights import StemWeightConfig
from boxfold.features.stem_weights import pair_probabilities as pairs_of_boxes
from boxfold.features.synthetic import synthetic_sequence
from boxfold.rewards.energy import mfe
from boxfold.rewards.ensemble import pair_probabilities
from boxfold.s1.run_folder import RunFolder


def folded(count, seed, length=40):
    rng = np.random.default_rng(seed)
    seqs = [synthetic_sequence(length, rng) for _ in range(count)]
    return [Instance(seq, seq, run_proposals(seq, 16), mfe(seq).base_pairs) for seq in seqs]


def run_folder(path):
    return RunFolder.open(path, {}, "", resume=False, overwrite=False)


def test_features_are_the_probabilities_of_the_pairs():
    (instance,) = folded(1, seed=1)
    (features,) = judge_features([instance])
    assert features.shape == (instance.n_boxes, len(EXTRA_NAMES))
    columns = dict(zip(EXTRA_NAMES, features.T, strict=True))
    assert columns["n_pairs"] == pytest.approx(instance.boxes[:, 3] / 5)
    i, j = instance.boxes[:, 1], instance.boxes[:, 2] + instance.boxes[:, 3] - 1
    for name in ("turner2004", "andronescu2007"):
        grid = pair_probabilities(instance.seq, name)
        grid[grid < 1e-3] = 0
        assert columns[f"{name}_outer"] == pytest.approx(grid[i, j], abs=1e-3)


def test_many_at_once_are_as_each_alone():
    instances = folded(3, seed=2)
    together = judge_features(instances)
    for instance, features in zip(instances, together, strict=True):
        assert np.array_equal(judge_features([instance])[0], features)
    torch.manual_seed(0)
    network = AssemblyNetwork(JUDGE_NETWORK).eval()
    empty = Instance("none", "AAAAAAAAAA", run_proposals("AAAAAAAAAA", 4))
    shares = judged_shares(network, [*instances, empty])
    assert shares[3].shape == (0,)
    for instance, of_one in zip(instances, shares, strict=False):
        assert judged_shares(network, [instance])[0] == pytest.approx(of_one, abs=1e-5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = run_folder(tmp_path_factory.mktemp("judge") / "run")
    config = JudgeConfig(
        assembly=AssemblyConfig(max_boxes=16, pseudoknots="allow"),
        epochs=8,
        batch_instances=8,
        learning_rate=3e-3,
        knot_charge=1.5,
    )
    JudgeTrainer(config, folded(120, seed=3), folded(20, seed=4), folder).fit(lambda line: None)
    return folder.path


def test_what_it_learns_beats_the_boxes_alone(trained):
    learned = load_learned(trained / "weights.safetensors")
    assert (learned.role, learned.threshold, learned.knot_charge) == ("judge", 0.25, 1.5)
    unseen = folded(30, seed=5)
    agent = load_agent(str(trained), "forbid")
    found = agent.assemble(unseen, np.random.default_rng(0))
    baseline = load_agent("best-score", "forbid").assemble(unseen, np.random.default_rng(0))

    known = [each.reference for each in unseen]
    learnt, plain = (
        structure_scores([each.base_pairs for each in assemblies], known)["f1"]
        for assemblies in (found, baseline)
    )
    assert learnt > plain + 0.1


def test_confidence_is_the_judges_own_and_means_what_it_says(trained):
    agent = load_agent(str(trained), "forbid")
    assert isinstance(agent, JudgesPairs)
    unseen = folded(30, seed=5)
    pairs, calibration = pairs_of_agent(agent, unseen, Calibration(2.0))
    assert calibration is IDENTITY
    (held, raw), share = pairs[0], agent.shares(unseen)[0]
    assert raw.max() == pytest.approx(share.max())
    known = [is_known(held, each.reference) for (held, _), each in zip(pairs, unseen, strict=True)]
    said = np.concatenate([probability for _, probability in pairs])
    assert reliability(said, np.concatenate(known)).ece < 0.1
    best_score = load_agent("best-score", "forbid")
    by_s1, of_s1 = pairs_of_agent(best_score, unseen[:1], Calibration(2.0))
    assert of_s1 == Calibration(2.0) and by_s1[0][0].tolist() == held.tolist()
    assert by_s1[0][1] == pytest.approx(pairs_of_boxes(unseen[0].boxes, unseen[0].score)[1])


def test_shares_are_computed_once_per_instance(trained, monkeypatch):
    agent = load_agent(str(trained), "forbid")
    one, other = folded(2, seed=8)
    first = agent.shares([one])[0]
    asked = []
    plain = judge_agent.judged_shares
    monkeypatch.setattr(
        judge_agent, "judged_shares", lambda net, given: asked.append(given) or plain(net, given)
    )
    again = agent.shares([one, other])
    assert again[0] is first and asked == [[other]] and len(again[1]) == other.n_boxes


def test_a_knot_is_picked_only_for_more_than_its_charge():
    seq = "GGGGAACCCAACCCCAAAGGG"
    boxes = np.array([[0, 0, 11, 4, 4], [0, 6, 18, 3, 3]])
    evidence = np.zeros((2, len(EVIDENCE)), dtype=np.float32)
    instance = Instance(
        "knot", seq, Proposals(boxes, np.ones(2, dtype=np.float32), evidence, *no_loops())
    )
    torch.manual_seed(1)
    network = AssemblyNetwork(JUDGE_NETWORK).eval()
    torch.nn.init.zeros_(network.box_score.weight)
    torch.nn.init.constant_(network.box_score.bias, 10.0)  # every box is true
    for charge, expected in ((0.0, (0, 1)), (9.0, (0,))):
        learned = Learned(network, "judge", 0.25, False, knot_charge=charge)
        (found,) = JudgeAgent(learned, "judge", "allow").assemble(
            [instance], np.random.default_rng(0)
        )
        assert found.picks == expected


def test_without_trust_s1_has_the_last_word():
    (instance,) = folded(1, seed=6)
    torch.manual_seed(1)
    network = AssemblyNetwork(JUDGE_NETWORK).eval()
    alone = JudgeAgent(Learned(network, "judge", 0.25, False, trust=0.0), "judge")
    expected = alone.weights([instance])[0]
    best_score = BestScoreAgent(config=BestScoreConfig(weights=StemWeightConfig(threshold=0.25)))
    assert expected == pytest.approx(best_score.weights([instance])[0])


def test_weights_of_another_token_are_refused(tmp_path):
    folder = run_folder(tmp_path / "run")
    network = AssemblyNetwork(JUDGE_NETWORK)
    save_learned(folder, network, AssemblyConfig(), "judge", token_names=JUDGE_NAMES[:-1])
    with pytest.raises(InputError, match="other box features"):
        load_learned(folder.path / "weights.safetensors")
