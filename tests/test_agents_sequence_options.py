"""Options of the assembling network that add to the embedding of boxes; all off by default."""

import dataclasses

import numpy as np
import pytest
import torch

from boxfold.agents.background import N_PLACES, BackgroundAttention, places
from boxfold.agents.layout import Layouts
from boxfold.agents.learned import load_learned, save_learned
from boxfold.agents.learned_agents import PolicyAgent, first_logits, slots_for
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.policy import BoxPolicy
from boxfold.agents.rollout import loaded, rollout
from boxfold.envs.batch import BatchAssembly
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.fitting import fitting_config, observing_bases
from boxfold.envs.instance import instance_from_sequence
from boxfold.envs.spaces import action_space, observation_space
from boxfold.envs.vec_env import BoxAssemblyVecEnv
from boxfold.features.errors import InputError
from boxfold.features.synthetic import synthetic_sequence
from boxfold.s1.run_folder import RunFolder

SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8, pair_dim=4)
OPTIONS = [{"background": True}, {"box_sequence": True}, {"kmers": 3}, {"strand_swap": True}]
ALL = {name: value for option in OPTIONS for name, value in option.items()}
NAMES = ("tokens", "boxes", "loop_energy", "picked", "action_mask", "globals", "bases")


def network(**changes):
    torch.manual_seed(0)
    made = AssemblyNetwork(dataclasses.replace(SMALL, **changes))
    for head in (made.box_score, made.stop_score, made.value):
        torch.nn.init.normal_(head.weight)
    return made.eval()


def instances():
    rng = np.random.default_rng(3)
    return [instance_from_sequence(synthetic_sequence(n, rng), 12) for n in (60, 80)]


def observation(n_slots=12, max_bases=80):
    config = AssemblyConfig(n_slots, max_bases=max_bases)
    batch = BatchAssembly(config, 2)
    for index, instance in enumerate(instances()):
        batch.load(index, instance)
    return [torch.from_numpy(batch.observation[name].copy()) for name in NAMES]


def logits_of(made, parts):
    with torch.no_grad():
        return made(*parts)[0]


def test_by_default_nothing_of_the_sequence_is_observed():
    batch = BatchAssembly(AssemblyConfig(12), 1)
    assert set(batch.observation) == set(NAMES) - {"bases"} == set(observation_space(batch.config))
    assert Layouts(instances(), AssemblyConfig(12)).of(np.arange(2)).bases is None
    made = network()
    assert made.reader is None and made.background is None and not made.config.needs_bases
    assert torch.equal(logits_of(made, observation()), logits_of(made, observation()[:-1]))


@pytest.mark.parametrize("options", OPTIONS)
def test_an_option_leaves_the_other_weights_as_they_begin(options):
    plain, changed = network().state_dict(), network(**options).state_dict()
    assert len(changed) > len(plain)
    heads = ("box_score.weight", "stop_score.weight", "value.weight")  # drawn again, see above
    assert all(torch.equal(changed[name], plain[name]) for name in plain if name not in heads)


def test_bases_are_observed_where_they_are_asked_for():
    config = AssemblyConfig(12, max_bases=70)
    batch = BatchAssembly(config, 2)
    short, long = instances()
    batch.load(1, short)
    bases = batch.observation["bases"]
    assert bases.dtype == np.int8 and bases.shape == (2, 70)
    letters = "".join("ACGU"[code] for code in bases[1, :60])
    assert letters == short.seq and (bases[1, 60:] == -1).all() and (bases[0] == -1).all()
    space = observation_space(config)
    assert all(space[name].contains(part) for name, part in batch.observe_one(1).items())
    with pytest.raises(InputError, match="has 80 bases, max_bases allows 70"):
        batch.load(0, long)
    with pytest.raises(ValueError, match="max_bases is -1"):
        AssemblyConfig(max_bases=-1)


def test_layouts_have_the_bases_of_their_longest_sequence():
    config = observing_bases(instances(), AssemblyConfig(12), True)
    assert config.max_bases == 80
    assert observing_bases(instances(), config, False) == AssemblyConfig(12)
    assert fitting_config(instances()[:1], config).max_bases == 60
    layouts = Layouts(instances(), config)
    bases = layouts.of(np.arange(2)).bases
    assert bases.shape == (2, 80) and bases.dtype == torch.int8
    assert torch.equal(bases, observation()[-1]) and (bases[0, 60:] == -1).all()
    assert layouts.of(np.array([0])).bases.shape == (1, 60)


def test_a_network_that_needs_the_sequence_says_so():
    made = network(background=True)
    with pytest.raises(ValueError, match="max_bases is needed"):
        logits_of(made, observation()[:-1])
    with pytest.raises(ValueError, match=r"kmers is 6 \(allowed: 0 to 5\)"):
        NetworkConfig(kmers=6)


@pytest.mark.parametrize("options", OPTIONS)
def test_each_option_changes_the_outputs_and_learns(options):
    made, parts = network(**options), observation()
    plain = network()
    plain.load_state_dict({name: made.state_dict()[name] for name in plain.state_dict()})
    present = parts[1][..., 3] > 0
    difference = (logits_of(made, parts) - logits_of(plain, parts))[:, :-1][present].abs()
    assert difference.max() > 1e-2
    torch.log_softmax(made.train()(*parts)[0], dim=1)[:, 0].sum().backward()
    added = {name for name, _ in made.named_parameters()} - set(plain.state_dict())
    grads = {name: made.get_parameter(name).grad for name in added}
    assert added and all(grad is not None and grad.abs().max() > 0 for grad in grads.values())


@pytest.mark.parametrize("options", [*OPTIONS[:3], ALL])
def test_options_see_the_bases(options):
    made, parts = network(**options), observation()
    other = [*parts[:-1], torch.where(parts[-1] >= 0, (parts[-1] + 1) % 4, parts[-1])]
    assert (logits_of(made, parts) - logits_of(made, other)).abs().max() > 1e-2


@pytest.mark.parametrize("options", [*OPTIONS, ALL])
def test_order_of_boxes_and_padding_change_nothing(options):
    made, parts = network(**options), observation()
    tokens, boxes, loop_energy, picked, mask, globals_, bases = parts
    expected = logits_of(made, parts)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(1))
    permuted = [tokens[:, order], boxes[:, order], loop_energy[:, order][:, :, order]]
    with_stop = torch.cat([order, torch.tensor([12])])
    permuted += [picked[:, order], mask[:, with_stop], globals_, bases]
    found = logits_of(made, permuted)
    np.testing.assert_allclose(found, expected[:, with_stop], atol=1e-4)
    padded = logits_of(made, observation(n_slots=20, max_bases=100))
    np.testing.assert_allclose(padded[:, :12], expected[:, :12], atol=1e-4)
    np.testing.assert_allclose(padded[:, -1], expected[:, -1], atol=1e-4)


def test_all_padding_leaves_finite_gradients():
    made = network(**ALL).train()
    boxes, bases = torch.full((1, 4, 5), -1), torch.full((1, 7), -1)
    tokens = torch.zeros(1, 4, SMALL.n_token_features)
    state = torch.zeros(1, 4), torch.tensor([[0, 0, 0, 0, 1]]), torch.zeros(1, SMALL.n_globals)
    logits, value = made(tokens, boxes, torch.zeros(1, 4, 4), *state, bases)
    (torch.log_softmax(logits, 1)[:, -1].sum() + value.sum()).backward()
    assert all(torch.isfinite(p.grad).all() for p in made.parameters() if p.grad is not None)


def test_places_are_regions_and_distances():
    found = places(torch.tensor([[[0, 2, 9, 2, 2]]]), 13)[0, 0]
    assert (found // 6).tolist() == [0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5]
    assert (found % 6).tolist() == [1, 0, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 1]
    assert 0 <= int(found.min()) and int(found.max()) < N_PLACES


@torch.no_grad()
def test_the_background_tells_positions_apart():
    torch.manual_seed(0)
    attention = BackgroundAttention(8, 2)
    x, boxes = torch.rand(1, 1, 8), torch.tensor([[[0, 2, 9, 2, 2]]])
    one, two = torch.zeros(1, 13, dtype=torch.int8), torch.zeros(1, 13, dtype=torch.int8)
    one[0, 0], two[0, 12] = 2, 2
    assert (attention(x, boxes, one) - attention(x, boxes, two)).abs().max() > 1e-3


def test_weights_keep_their_options_and_decode(tmp_path):
    made, config = network(**ALL), AssemblyConfig(12, max_bases=80)
    run = RunFolder.open(tmp_path / "run", {}, "x", False, False)
    save_learned(run, made, config, "policy")
    learned = load_learned(run.path / "weights.safetensors")
    assert learned.network.config == made.config and made.config.kmers == 3
    assert torch.equal(logits_of(learned.network, observation()), logits_of(made, observation()))
    slots = slots_for(instances(), learned, "forbid")
    assert slots == AssemblyConfig(12, max_bases=80)
    picks = rollout(made, instances(), config, np.random.default_rng(0))
    agent = PolicyAgent.from_run(run.path)
    found = agent.assemble(instances(), np.random.default_rng(0))
    assert [set(each.picks) for each in found] == [set(each[0]) for each in picks]


@torch.no_grad()
def test_batches_and_layouts_encode_alike():
    made, config = network(**ALL), AssemblyConfig(12, max_bases=80)
    _, one = loaded(made, instances(), config, samples=2)
    two = made.encode(*Layouts(instances(), config).of(np.arange(2)))
    assert one.tokens.shape[0] == 2 and torch.equal(one.tokens, two.tokens)
    first = first_logits(made, *Layouts(instances(), config).of(np.arange(2)))
    assert first.shape == (2, 12)


def test_the_policy_of_sb3_hands_the_bases_over():
    env = BoxAssemblyVecEnv(2, None, AssemblyConfig(12, max_bases=60))
    env.seed(0)
    policy = BoxPolicy(
        observation_space(env.config),
        action_space(env.config),
        lambda _: 1e-3,
        network=dataclasses.replace(SMALL, **ALL),
    )
    seen = {name: torch.from_numpy(part) for name, part in env.reset().items()}
    with torch.no_grad():
        logits = policy.get_distribution(seen).distribution.logits
        expected = policy.network(*(seen[name] for name in NAMES))[0]
    np.testing.assert_allclose(logits, torch.log_softmax(expected, dim=1), atol=1e-5)


TINY = ["--embed-dim", "16", "--n-heads", "2", "--feedforward-dim", "16", "--epochs", "1"]


@pytest.mark.parametrize(
    "verb", [["train-agent", "--algorithm", "clone"], ["train-supervised"]], ids=["clone", "super"]
)
def test_the_verbs_train_and_evaluate_with_options(verb, call, proposals, tmp_path):
    flags = ["--background", "--box-sequence", "--kmers", "2", "--strand-swap"]
    run = tmp_path / "run"
    data = ["--data", proposals, "--max-boxes", "16"]
    outcome = call(*verb, *data, *TINY, *flags, "--out", run)
    assert outcome.code == 0, outcome.err
    config = RunFolder(run).config()
    assert config["assembly"]["max_bases"] == 40 and config["network"]["kmers"] == 2
    learned = load_learned(run / "weights.safetensors").network.config
    assert learned.background and learned.box_sequence and learned.strand_swap
    table = ["--data", proposals, "--max-boxes", "16", "--agents", run, "--out", tmp_path / "t"]
    assert call("evaluate", *table, "--samples", "2").code == 0


def test_words_that_are_too_long_are_one_line(call, proposals, tmp_path):
    flags = ["--algorithm", "clone", "--kmers", "6", "--out", tmp_path / "x"]
    outcome = call("train-agent", "--data", proposals, *flags)
    assert outcome.is_one_line("train-agent", "kmers is 6 (allowed: 0 to 5)")
