"""constraints.txt: what boxfold and its extras install, all of it, exactly, and nothing else."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in found}


def installed() -> tuple[dict[str, str], set[str]]:
    """Version of each package that boxfold[dev] needs, however indirectly; those not installed."""
    versions: dict[str, str] = {}
    absent: set[str] = set()
    seen: set[tuple[str, ...]] = set()
    waiting = [Requirement("boxfold[dev]")]
    while waiting:
        needed = waiting.pop()
        name, extras = canonicalize_name(needed.name), sorted(needed.extras)
        if (name, *extras) in seen:
            continue
        seen.add((name, *extras))
        try:
            package = distribution(name)
        except PackageNotFoundError:
            absent.add(name)
            continue
        versions[name] = package.version.partition("+")[0]  # torch 2.13.0+cpu is 2.13.0
        for more in map(Requirement, package.requires or []):
            if more.marker is None or any(
                more.marker.evaluate({"extra": e}) for e in [*extras, ""]
            ):
                waiting.append(more)
    del versions["boxfold"]
    return versions, absent


def test_everything_installed_is_pinned_and_nothing_else():
    versions, absent = installed()
    if "torch" in absent:
        pytest.skip("this environment is not that of `make install`")
    assert absent == set()
    assert versions == pins()


def test_pins_are_exact_in_order_and_without_local_suffixes():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    names = [line for line in lines if not line.startswith("#")]
    assert [line for line in names if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    assert len(set(names)) == len(names)


def test_pins_lie_in_the_ranges():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    needed = map(
        Requirement, [*project["dependencies"], *(each for all_ in extras for each in all_)]
    )
    known = pins()
    for each in needed:
        if each.name != "boxfold":
            assert each.specifier.contains(known[canonicalize_name(each.name)]), each


def test_each_dependency_says_why():
    text = (ROOT / "pyproject.toml").read_text()
    listed = text.partition("# small extras")[2].partition("\n]")[0].splitlines()[1:]
    assert len(listed) > 5
    assert [line for line in listed if not re.search(r'",\s*# \S+', line)] == []
