import numpy as np
import pytest
import torch

from boxfold.agents.agent import assembly_of_picks
from boxfold.agents.evaluation import EvaluationConfig, evaluate_agents
from boxfold.agents.guided_agent import GuidedBeamAgent
from boxfold.agents.guided_beam import GuidedBeamConfig, guided_beam
from boxfold.agents.learned import Learned, save_learned
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.registry import load_agent
from boxfold.agents.rollout import rollout
from boxfold.agents.search import BeamAgent
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.errors import InputError
from boxfold.s1.run_folder import RunFolder

HAIRPINS = "GGGGAAAACCCCAGGGGAAAACCCC"
KNOT = "GGGGGGAAAAGCGCGCAAAACCCCCCAAAAGCGCGC"
CONFIG = AssemblyConfig(24)


def instances(n=6, length=60):
    generator = np.random.default_rng(7)
    sequences = ["".join(generator.choice(list("ACGU"), length)) for _ in range(n)]
    return [instance_from_sequence(seq, 24, seq) for seq in [*sequences, "AAAAAAAA", HAIRPINS]]


def greedy(network, problems):
    return [each[0] for each in rollout(network, problems, CONFIG, np.random.default_rng(0))]


@pytest.fixture
def network():
    torch.manual_seed(3)
    config = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16)
    network = AssemblyNetwork(config).eval()
    torch.nn.init.normal_(network.box_score.weight)  # far from uniform
    return network


@pytest.fixture
def evaluated(monkeypatch):
    """Every set whose energy was read, by sequence, in order."""
    seen = {}
    energy = Instance.energy

    def noted(self, picks):
        picks = list(picks)
        seen.setdefault(self.id, []).append(tuple(picks))
        return energy(self, picks)

    monkeypatch.setattr(Instance, "energy", noted)
    return seen


def test_toy_instances_have_known_answers(network):
    toys = [instance_from_sequence(seq, 8) for seq in (HAIRPINS, "GGGGAAAACCCC", "AAAAAAAA")]
    two, one, none = guided_beam(network, toys, CONFIG, GuidedBeamConfig(width=8))
    assert (two, one, none) == (toys[0].optimum.picks, toys[1].optimum.picks, ())
    assert (len(two), len(one)) == (2, 1)


def test_width_1_walks_along_the_greedy_assembly_and_keeps_its_best_part(network, evaluated):
    problems = instances()
    expected = greedy(network, problems)
    evaluated.clear()
    found = guided_beam(network, problems, CONFIG, GuidedBeamConfig(width=1, expand=1))
    for problem, picks, best in zip(problems, expected, found, strict=True):
        walk = [(), *evaluated.get(problem.id, [])]
        parts = [tuple(sorted(picks[:n])) for n in range(len(picks) + 1)]
        assert walk[: len(parts)] == parts  # after that greedy has stopped
        energies = [problem.energy(part) for part in walk]
        assert problem.energy(best) == min(energies)


@pytest.mark.parametrize("energy_weight", [0.0, 0.5])
def test_each_set_is_evaluated_once_and_counted(network, evaluated, energy_weight):
    problems = instances()
    options = GuidedBeamConfig(width=4, expand=3, energy_weight=energy_weight)
    found = guided_beam(network, problems, CONFIG, options)
    assert sum(each.energy_calls for each in problems) == sum(map(len, evaluated.values())) > 0
    for problem, picks in zip(problems, found, strict=True):
        sets = evaluated.get(problem.id, [])
        assert len(set(sets)) == len(sets) == problem.energy_calls
        sizes = np.bincount([len(each) for each in sets], minlength=2)
        assert (sizes <= 12).all() and sizes[0] == 0
        assert picks == () or picks in sets
        conflict = problem.conflict() & ~np.eye(problem.n_boxes, dtype=bool)
        assert not any(conflict[np.ix_(each, each)].any() for each in sets)


@pytest.mark.parametrize("width", [1, 2, 4, 16])
def test_never_worse_than_greedy_and_never_better_than_the_optimum(network, width):
    problems = instances()
    found = guided_beam(network, problems, CONFIG, GuidedBeamConfig(width))
    for problem, picks, first in zip(problems, found, greedy(network, problems), strict=True):
        assert problem.optimum.energy - 1e-6 <= problem.energy(picks)
        assert problem.energy(picks) <= problem.energy(first) + 1e-3


def test_wide_beams_find_the_optimum(network):
    problems = instances()
    found = guided_beam(network, problems, CONFIG, GuidedBeamConfig(width=64))
    gaps = [p.energy(picks) - p.optimum.energy for p, picks in zip(problems, found, strict=True)]
    assert max(gaps) < 0.01


def test_a_result_depends_on_no_other_sequence_and_on_no_draw(network):
    problems = instances()
    agent = GuidedBeamAgent(Learned(network, "policy", 0.5, False), "guided")
    together = agent.assemble(problems, np.random.default_rng(1))
    alone = [agent.assemble([each], np.random.default_rng(2))[0] for each in problems[::-1]]
    assert [a.picks for a in together] == [a.picks for a in alone[::-1]]
    assert [a.energy_calls for a in together] == [a.energy_calls for a in alone[::-1]]
    assert all(each.energy_calls == 0 for each in problems)  # it works on copies
    assert agent.assemble([], np.random.default_rng(0)) == []


def test_knots_only_where_they_are_allowed(network):
    problem = instance_from_sequence(KNOT, 12)
    config = AssemblyConfig(12, pseudoknots="allow")
    knotted = guided_beam(network, [problem], config, GuidedBeamConfig(width=16))[0]
    nested = guided_beam(network, [problem], AssemblyConfig(12), GuidedBeamConfig(width=16))[0]
    assert problem.crossing[np.ix_(knotted, knotted)].any()
    assert not problem.crossing[np.ix_(nested, nested)].any()
    assert problem.energy(knotted) < problem.energy(nested)


@pytest.mark.parametrize("setting", [{"width": 0}, {"expand": 0}, {"energy_weight": -1.0}])
def test_impossible_settings(setting):
    with pytest.raises(ValueError, match="at least 1"):
        GuidedBeamConfig(**setting)


def test_by_name(network, tmp_path):
    for role in ("policy", "supervised"):
        save_learned(RunFolder(tmp_path / role), network, AssemblyConfig(), role)
    run = str(tmp_path / "policy")
    agents = [load_agent(name, "allow") for name in (f"{run}@beam4", "beam@4")]
    assert [agent.name for agent in agents] == [f"{run}@beam4", "beam@4"]
    assert agents[0].options.width == agents[1].width == 4
    assert {agent.pseudoknots for agent in agents} == {"allow"}
    with pytest.raises(InputError, match="needs a policy"):
        load_agent(f"{tmp_path / 'supervised'}@beam4")
    for name in (
        f"{run}@beam",
        f"{run}@beam0",
        f"{run}@4",
        f"{run}@16beams",
        "beam@beam4",
        "beam@",
    ):
        with pytest.raises(InputError, match="width of a beam, 1 to 9999"):
            load_agent(name)
    with pytest.raises(InputError, match="'greedy-s1' is no beam"):
        load_agent("greedy-s1@4")
    with pytest.raises(InputError, match=r"agent 'clon': no such name.*'clone'"):
        load_agent("clon@beam4")


def test_a_run_folder_may_have_the_sign_in_its_name(network, tmp_path):
    save_learned(RunFolder(tmp_path / "run@beam4"), network, AssemblyConfig(), "policy")
    assert load_agent(str(tmp_path / "run@beam4")).can_sample
    assert not load_agent(str(tmp_path / "run@beam4@beam2")).can_sample


def test_one_row_however_many_samples(network, tmp_path):
    save_learned(RunFolder(tmp_path), network, AssemblyConfig(), "policy")
    agents = [load_agent(name) for name in (f"{tmp_path}@beam2", "beam@2")]
    rows = evaluate_agents(agents, instances(3), EvaluationConfig(samples=4))
    assert rows["agent"].unique().tolist() == [f"{tmp_path}@beam2", "beam@2"]
    assert (rows["validity"] == 1).all() and (rows["energy_gap"] >= 0).all()


def test_an_unguided_beam_keeps_an_energy_budget():
    problems = instances()
    rng = np.random.default_rng(0)
    free = BeamAgent(width=4).assemble(problems, rng)
    for budget in (1, 30, 100, 10**6):
        kept = BeamAgent(width=4, max_energy_calls=budget).assemble(problems, rng)
        calls = [min(each.energy_calls, budget) for each in free]
        assert [each.energy_calls for each in kept] == calls
    assert [each.picks for each in kept] == [each.picks for each in free]
    # the first box alone is tried
    one = BeamAgent(max_energy_calls=1).assemble(problems[-1:], rng)[0]
    assert one.picks == (0,) == assembly_of_picks(problems[-1], (0,)).picks
