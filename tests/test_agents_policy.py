import numpy as np
import pytest
import torch
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor

from boxfold.agents.learned import Learned
from boxfold.agents.learned_agents import PolicyAgent, SupervisedAgent, box_logits
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.policy import BoxPolicy
from boxfold.agents.rollout import rollout
from boxfold.agents.sb3_training import load_zip
from boxfold.envs.box_assembly import BoxAssemblyEnv
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.envs.sampler import ListSampler
from boxfold.envs.vec_env import BoxAssemblyVecEnv
from boxfold.features.errors import InputError
from boxfold.features.synthetic import synthetic_sequence

SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8)
SLOTS = AssemblyConfig(max_boxes=12)


def instances(n, length=40, max_boxes=12):
    rng = np.random.default_rng(5)
    return [instance_from_sequence(synthetic_sequence(length, rng), max_boxes) for _ in range(n)]


def random_network(scale=1.0):
    """Far from uniform, so that only the mask can keep it from picking anything."""
    torch.manual_seed(1)
    network = AssemblyNetwork(SMALL)
    for head in (network.box_score, network.stop_score):
        torch.nn.init.normal_(head.weight, std=scale)
    torch.nn.init.constant_(network.stop_score.bias, -3.0)
    return network.eval()


def model(algorithm=PPO, n_envs=4):
    env = BoxAssemblyVecEnv(n_envs, ListSampler(instances(8)), SLOTS)
    kwargs = {"policy_kwargs": {"network": SMALL}, "n_steps": 8, "device": "cpu", "seed": 0}
    if algorithm is PPO:
        kwargs |= {"batch_size": 16, "n_epochs": 1}
    built = algorithm(BoxPolicy, VecMonitor(env), **kwargs)
    built.policy.network.load_state_dict(random_network().state_dict())
    return built


@pytest.mark.parametrize("deterministic", [True, False])
def test_predict_never_plays_what_is_masked(deterministic):
    torch.manual_seed(0)
    agent = model()
    torch.nn.init.constant_(agent.policy.network.stop_score.bias, -5.0)  # picks before it stops
    env = BoxAssemblyVecEnv(8, ListSampler(instances(8)), SLOTS)
    env.seed(1)
    observation = env.reset()
    n_picks, validity = 0, []
    for _ in range(40):
        actions, _ = agent.predict(observation, deterministic=deterministic)
        assert observation["action_mask"][np.arange(8), actions].all()
        n_picks += int((actions < SLOTS.stop).sum())
        observation, _, _, infos = env.step(actions)
        validity += [info["valid"] for info in infos if "valid" in info]
    assert n_picks > 100 and all(validity)


def test_sb3_evaluation_is_masked():
    env = BoxAssemblyEnv(ListSampler(instances(8), in_order=True), config=SLOTS)
    outcomes = []

    def keep(local, _):
        outcomes.append(local["info"])

    evaluate_policy(model(), env, n_eval_episodes=8, callback=keep, warn=False)
    ended = [info for info in outcomes if "valid" in info]
    assert len(ended) == 8 and all(info["valid"] for info in ended)


def test_every_trained_number_is_in_the_optimiser():
    policy = model().policy
    held = {id(p) for group in policy.optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in policy.network.parameters()}


@pytest.mark.parametrize("terms", [False, True])
def test_loop_terms_reach_the_value_and_never_the_actor(terms, tmp_path):
    env = BoxAssemblyVecEnv(4, ListSampler(instances(8)), SLOTS)
    kwargs = {"network": SMALL, "critic_terms": terms}
    agent = PPO(BoxPolicy, VecMonitor(env), policy_kwargs=kwargs, device="cpu", seed=0)
    assert (agent.policy.critic is not None) == terms
    held = {id(p) for group in agent.policy.optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in agent.policy.parameters()}
    observation = {k: torch.as_tensor(v).float() for k, v in env.reset().items()}
    observation["picked"][:, 0] = 1
    before = agent.policy.features_extractor(observation)
    if terms:
        torch.nn.init.ones_(agent.policy.critic.value.weight)
    after = agent.policy.features_extractor(observation)
    assert torch.equal(before[:, :-1], after[:, :-1])
    assert bool((before[:, -1] != after[:, -1]).all()) == terms
    agent.save(tmp_path / "model.zip")
    loaded = PPO.load(tmp_path / "model.zip", device="cpu").policy
    assert torch.equal(loaded.features_extractor(observation), after)


@pytest.mark.parametrize("algorithm", [PPO, A2C])
def test_saved_model_acts_the_same(algorithm, tmp_path):
    agent = model(algorithm).learn(32)
    agent.save(tmp_path / "model.zip")
    env = BoxAssemblyVecEnv(8, ListSampler(instances(8), in_order=True), SLOTS)
    observation = env.reset()
    loaded = algorithm.load(tmp_path / "model.zip", device="cpu")
    first, again = (each.predict(observation, deterministic=True)[0] for each in (agent, loaded))
    assert np.array_equal(first, again)
    network = load_zip(tmp_path / "model.zip")
    for name, value in agent.policy.network.state_dict().items():
        assert torch.equal(network.state_dict()[name], value)


def test_a_zip_that_is_no_model_is_one_line(tmp_path):
    (tmp_path / "model.zip").write_text("no zip")
    with pytest.raises(InputError, match=r"model\.zip: can't be loaded"):
        load_zip(tmp_path / "model.zip")


def test_greedy_rollout_equals_predict_in_the_environment():
    agent = model()
    problems = instances(5)
    agent.policy.set_training_mode(False)
    network = agent.policy.network
    picks = [each[0] for each in rollout(network, problems, SLOTS, np.random.default_rng(0))]
    for instance, expected in zip(problems, picks, strict=True):
        env = BoxAssemblyEnv(config=SLOTS)
        observation, _ = env.reset(options={"instance": instance})
        terminated, played = False, []
        while not terminated:
            action = int(agent.predict(observation, deterministic=True)[0])
            played += [action] if action < SLOTS.stop else []
            observation, _, terminated, _, _ = env.step(action)
        assert tuple(played) == expected


def test_samples_are_conflict_free_and_never_worse_than_greedy():
    problems = instances(6)
    for agent in (
        PolicyAgent(Learned(random_network(), "policy", 0.5, False), "policy"),
        SupervisedAgent(Learned(random_network(), "supervised", 0.4, False), "supervised"),
    ):
        greedy = agent.assemble(problems, np.random.default_rng(0))
        sampled = agent.assemble(problems, np.random.default_rng(0), samples=8)
        gains = []
        for instance, one, best in zip(problems, greedy, sampled, strict=True):
            chosen = list(best.picks)
            assert instance.conflict()[chosen][:, chosen].sum() == len(chosen)
            assert best.energy_calls > 1
            gains.append(instance.energy(one.picks) - instance.energy(best.picks))
        assert min(gains) >= 0 and max(gains) > 0
        assert all("_optima" in each.__dict__ and not each._optima for each in problems)


def test_supervised_agent_takes_the_likeliest_boxes_that_fit():
    problem = instances(1)[0]
    network = random_network()
    config = AssemblyConfig(max_boxes=problem.n_boxes)
    logits = box_logits(network, [problem], config)[0]
    threshold = float(1 / (1 + np.exp(-np.median(logits))))
    agent = SupervisedAgent(Learned(network, "supervised", threshold, False), "supervised")
    expected, conflict = [], problem.conflict()
    for box in np.argsort(-logits, kind="stable"):
        if logits[box] > np.median(logits) and not conflict[box, expected].any():
            expected.append(int(box))
    assert agent.assemble([problem], np.random.default_rng(0))[0].picks == tuple(sorted(expected))


def test_agents_survive_sequences_without_boxes():
    empty = instance_from_sequence("AAAAAAAA", 12)
    agent = PolicyAgent(Learned(random_network(), "policy", 0.5, False), "policy")
    assembly = agent.assemble([empty, *instances(1)], np.random.default_rng(0), samples=3)[0]
    assert assembly.picks == () and len(assembly.base_pairs) == 0
