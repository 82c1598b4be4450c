"""The hyperparameters that ship for RL Baselines3 Zoo, against Stable-Baselines3 itself."""

import inspect

import gymnasium
import pytest
import yaml
from stable_baselines3 import A2C, PPO

from boxfold.envs import ENV_ID
from boxfold.scripts import cli

OF_THE_ZOO = {"n_timesteps", "n_envs"}
ALGORITHMS = {"ppo": PPO, "a2c": A2C}


def settings(name):
    path = f"{cli.__file__.rpartition('/')[0]}/examples/rl_zoo3_{name}.yml"
    with open(path, encoding="utf-8") as file:
        (found,) = [values for key, values in yaml.safe_load(file).items() if key == ENV_ID]
    return found


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_name_is_one_of_stable_baselines3(name):
    found = settings(name)
    known = set(inspect.signature(ALGORITHMS[name]).parameters) | OF_THE_ZOO
    assert set(found) <= known
    assert found["policy"] == "MultiInputPolicy" and found["n_timesteps"] == 200_000


def test_minibatches_divide_a_rollout():
    found = settings("ppo")
    assert found["n_envs"] * found["n_steps"] % found["batch_size"] == 0


@pytest.mark.parametrize("name", ALGORITHMS)
def test_stable_baselines3_trains_with_them(name):
    values = {key: value for key, value in settings(name).items() if key not in OF_THE_ZOO}
    assert values["learning_rate"].startswith("lin_")  # the zoo's word for a linear schedule
    values |= {"learning_rate": float(values["learning_rate"].removeprefix("lin_")), "n_steps": 16}
    values |= {"batch_size": 16} if "batch_size" in values else {}
    env = gymnasium.make(f"boxfold.envs:{ENV_ID}")
    model = ALGORITHMS[name](env=env, seed=0, device="cpu", **values)
    assert model.learn(32).num_timesteps == 32
