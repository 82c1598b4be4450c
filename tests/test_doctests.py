"""The examples in the docstrings of every module run and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("features", "rewards", "s1", "envs", "agents", "scripts")
MODULES = [
    f"boxfold.{package}.{module.name}"
    for package in PACKAGES
    for module in pkgutil.iter_modules(importlib.import_module(f"boxfold.{package}").__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_module(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_package_is_covered_and_examples_are_found() -> None:
    assert {name.split(".")[1] for name in MODULES} == set(PACKAGES)
    structure = doctest.testmod(importlib.import_module("boxfold.features.structure"))
    assert structure.attempted >= 6
