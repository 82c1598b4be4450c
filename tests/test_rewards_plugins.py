"""How rewards are found, written down and combined, and what becomes of bad ones."""

import importlib.metadata
import math
import pickle
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from boxfold.features.errors import InputError
from boxfold.rewards import plugins
from boxfold.rewards.combination import Combination, combination_of
from boxfold.rewards.plugin import Reward, RewardError, Structure
from boxfold.rewards.registration import register
from boxfold.rewards.reward import REWARD_COMPONENTS, RewardConfig
from boxfold.rewards.reward_text import reward_config, reward_terms
from boxfold.rewards.terms import RewardTerm

EMPTY = Structure(np.zeros((0, 2), dtype=np.int64))


class Constant(Reward):
    name = "constant"

    def score(self, instance, structure):
        return {"a": 1.5, "b": 0.5}


class Broken(Reward):
    name = "broken"

    def score(self, instance, structure):
        return {"part": instance.value} if hasattr(instance, "value") else {}["missing"]


@pytest.fixture
def extra(monkeypatch):
    """Registers rewards as another package would."""

    def register(**targets):
        points = [
            importlib.metadata.EntryPoint(name, value, plugins.GROUP)
            for name, value in targets.items()
        ]
        monkeypatch.setattr(plugins, "entry_points", lambda group: points)
        plugins.reward_class.cache_clear()
        combination_of.cache_clear()

    yield register
    plugins.reward_class.cache_clear()
    combination_of.cache_clear()


@pytest.fixture
def mine(extra, monkeypatch):
    module = SimpleNamespace(Constant=Constant, Broken=Broken)
    monkeypatch.setitem(__import__("sys").modules, "their_rewards", module)
    extra(constant="their_rewards:Constant", broken="their_rewards:Broken")


def problem(**values):
    return SimpleNamespace(id="rna", **values)


def test_what_ships_is_registered_as_any_package_does():
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    points = tomllib.loads(text)["project"]["entry-points"][plugins.GROUP]
    assert points == plugins.BUILT_IN
    for name in points:
        assert plugins.reward_class(name).name == name


def test_rewards_of_other_packages_are_found_and_weighted(mine):
    assert {"constant", "energy"} <= set(plugins.reward_names())
    combined = Combination((RewardTerm("constant", 0.25), RewardTerm("broken", -2.0)))
    assert combined.names == ("constant", "broken")
    assert combined.parts(problem(value=3), EMPTY) == {"constant": 0.5, "broken": -6.0}
    assert combined.total(problem(value=3), EMPTY) == -5.5
    assert pickle.loads(pickle.dumps(combined)).total(problem(value=1), EMPTY) == -1.5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "reward 'broken' failed on 'rna': KeyError 'missing'"),
        ({"value": math.nan}, "reward 'broken' failed on 'rna': component 'part' is nan"),
        ({"value": math.inf}, "component 'part' is inf"),
        ({"value": "x"}, "ValueError could not convert string to float: 'x'"),
    ],
)
def test_a_reward_that_fails_is_named_in_one_line(mine, values, message):
    with pytest.raises(RewardError) as caught:
        Combination((RewardTerm("broken"),)).total(problem(**values), EMPTY)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_packages_that_do_not_load_or_clash_are_named(extra):
    extra(lost="no_such_package:Thing", energy="other:Energy", odd="math:pi")
    with pytest.raises(RewardError, match="reward 'lost': no_such_package:Thing can't be loaded"):
        plugins.reward_class("lost")
    with pytest.raises(InputError, match="reward 'energy': two packages have one"):
        plugins.reward_class("energy")
    with pytest.raises(RewardError, match="math:pi has no score and Config"):
        plugins.reward_class("odd")


def test_text_is_a_mode_or_a_combination():
    for mode in ("final", "immediate", "potential"):
        config = reward_config(mode, gamma=0.9)
        assert (config.mode, config.gamma, config.terms) == (mode, 0.9, ())
        assert config.components == REWARD_COMPONENTS
    config = reward_config("energy=1, s1=0.3,shape=.5")
    assert config.mode == "final" and config.components == ("validity", "energy", "s1", "shape")
    assert [term.weight for term in config.terms] == [1, 0.3, 0.5]


def test_yaml_holds_weights_and_settings(tmp_path):
    path = tmp_path / "reward.yaml"
    path.write_text(
        "energy: {weight: 2, temperature: 25, parameters: turner1999}\n"
        "shape: 0.5\ns1: {prior: 0.2}\n"
    )
    first, second, third = reward_terms(str(path))
    assert first == RewardTerm("energy", 2.0, (("temperature", 25), ("parameters", "turner1999")))
    assert second == RewardTerm("shape", 0.5) and third == RewardTerm("s1", 1.0, (("prior", 0.2),))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("best", "(allowed: a mode, final, immediate, potential; NAME=WEIGHT"),
        ("energy=1,shape", "'shape' must be NAME=WEIGHT"),
        ("energy=x", "the weight 'x' is not a number"),
        ("energy=nan", "not a finite number"),
        ("energy=1,energy=2", "'energy' comes twice"),
        ("potential,shape=1", "'potential' is a mode and can't be combined"),
        ("enrgy=1", "reward 'enrgy': no such reward (choose from"),
        ("similarity=1", "either file or column is needed"),
        ("missing.yaml", "missing.yaml: can't be read"),
    ],
)
def test_bad_texts_get_one_line(text, message):
    with pytest.raises(InputError) as caught:
        reward_config(text)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- energy", "must hold rewards by name"),
        (
            "energy: {heat: 3}",
            "no setting 'heat' (settings are temperature, parameters, max_energy",
        ),
        ("energy: {temperature: hot}", "temperature is 'hot', needed is one like '37.0'"),
        ("energy: {temperature: 500}", "temperature is 500 (allowed: 0 to 100 C)"),
        ("energy: {parameters: [1]}", "parameters must be a text, a number"),
        ("shape: {cut: 1}", "no setting 'cut' (it has no settings)"),
        ("s1: true", "the weight 'True' is not a finite number"),
        ("a: [", "no YAML"),
    ],
)
def test_bad_files_get_one_line(content, message, tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        reward_terms(str(path))
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "values", [{"mode": "potential"}, {"mode": "immediate"}, {"loop_weight": 1.0}]
)
def test_a_combination_is_paid_at_the_end_only(values):
    with pytest.raises(ValueError, match="a combination of rewards is paid at the end"):
        RewardConfig(terms=(RewardTerm("energy"),), **values)


def test_a_class_of_this_process_is_found_and_replaced(extra, monkeypatch):
    extra()
    monkeypatch.setattr(plugins, "REGISTERED", {})
    monkeypatch.setattr("boxfold.rewards.registration.REGISTERED", plugins.REGISTERED)

    class Half(Constant):
        def score(self, instance, structure):
            return {"a": 0.5}

    terms = (RewardTerm("constant", 3.0),)
    for kind, value in ((Constant, 6.0), (Half, 1.5)):
        assert register(kind) is kind
        assert "constant" in plugins.reward_names()
        assert combination_of(terms).total(SimpleNamespace(id="x"), EMPTY) == value


def test_a_class_of_this_process_takes_no_installed_name(mine):
    with pytest.raises(InputError, match="reward 'constant': an installed one has this name"):
        register(Constant)
    assert plugins.REGISTERED == {}
