import pytest
import torch

from boxfold.agents.evaluation import EvaluationConfig, evaluate_agents
from boxfold.agents.learned import save_learned
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.registry import (
    AGENT_NAMES,
    BUILT_IN,
    ON_REQUEST,
    SHIPPED,
    load_agent,
    load_agents,
    shipped_weights,
)
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.errors import InputError
from boxfold.s1.run_folder import RunFolder

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"


def test_names_are_those_of_the_issue():
    assert AGENT_NAMES == (
        *("random", "greedy-s1", "greedy-stack", "greedy-energy", "beam", "annealing"),
        *("exact", "rnafold", "best-score", "evidence-beam", "oracle", "vote", "rnafold-shape"),
        *("supervised", "clone", "reinforce", "ppo", "a2c", "judge", "reinforce-f1"),
    )


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_agents_carry_their_name_and_setting(name):
    agent = load_agent(name, "allow")
    assert (agent.name, agent.pseudoknots) == (name, "allow")


def test_default_is_every_agent_with_weights_but_for_those_on_request():
    wanted = [name for name in SHIPPED if name not in ON_REQUEST]
    shipped = [name for name in wanted if shipped_weights(name).is_file()]
    blind = [name for name in BUILT_IN if name not in ("oracle", "vote", "rnafold-shape")]
    assert [agent.name for agent in load_agents()] == [*blind, *shipped]


def test_unknown_name_lists_the_choices():
    with pytest.raises(InputError, match=r"'baem'.*did you mean 'beam'.*random, greedy-s1.*a2c"):
        load_agent("baem")


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(InputError, match="weights"):
        load_agent(str(tmp_path))


def test_a_file_that_holds_no_weights(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"\x00" * 40)
    for name in (tmp_path, path):
        with pytest.raises(InputError, match=r"weights\.safetensors"):
            load_agent(str(name))


@pytest.mark.parametrize("role", ["policy", "supervised"])
def test_a_run_folder_is_an_agent_that_masks(role, tmp_path):
    torch.manual_seed(0)
    network = AssemblyNetwork(NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16))
    save_learned(RunFolder(tmp_path), network, AssemblyConfig(), role)
    agent = load_agent(str(tmp_path))
    assert agent.name == str(tmp_path)
    instances = [instance_from_sequence(seq, 24, seq) for seq in (TRNA, TRNA[::-1], "AAAAAA")]
    rows = evaluate_agents([agent], instances, EvaluationConfig(samples=3))
    assert rows["agent"].unique().tolist() == [agent.name, f"{agent.name} x 3"]
    assert (rows["validity"] == 1).all() and (rows["energy_gap"] >= 0).all()
    greedy, best = rows[:3].reset_index(), rows[3:].reset_index()
    assert (best["free_energy"] <= greedy["free_energy"]).all()  # greedy is among the samples
    assert best["energy_calls"].sum() > greedy["energy_calls"].sum()
    again = evaluate_agents([agent], instances, EvaluationConfig(samples=3))
    assert again["dot_bracket"].tolist() == rows["dot_bracket"].tolist()
