import pytest

from boxfold.agents.registry import AGENT_NAMES, BUILT_IN, load_agent, load_agents, shipped_weights
from boxfold.features.errors import InputError


def test_names_are_those_of_the_issue():
    assert AGENT_NAMES == (
        *("random", "greedy-s1", "greedy-stack", "greedy-energy", "beam", "annealing"),
        *("exact", "rnafold", "supervised", "clone", "ppo", "a2c"),
    )


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_agents_carry_their_name_and_setting(name):
    agent = load_agent(name, "allow")
    assert (agent.name, agent.pseudoknots) == (name, "allow")


def test_default_is_every_agent_with_weights():
    shipped = [name for name in AGENT_NAMES if shipped_weights(name).is_file()]
    assert [agent.name for agent in load_agents()] == [*BUILT_IN, *shipped]


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
