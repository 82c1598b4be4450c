"""The site: every package has a reference page, links are turned, figures are drawn."""

import importlib.util
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text())


def module(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def paths(entries):
    """Pages of a `nav`, whatever the depth."""
    for entry in entries:
        values = entry.values() if isinstance(entry, dict) else [entry]
        for value in values:
            yield from [value] if isinstance(value, str) else paths(value)


def test_every_package_has_a_reference_page():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {".".join(name.split(".")[:2]) for name in project["tool"]["setuptools"]["packages"]}
    shown = {page.removeprefix("reference/") for page in paths(SITE["nav"]) if "reference/" in page}
    assert {f"boxfold.{page.removesuffix('.md')}" for page in shown} == packages
    for page in shown:
        name = f"boxfold.{page.removesuffix('.md')}"
        assert (ROOT / "docs/reference" / page).read_text() == f"# {name}\n\n::: {name}\n"


def test_every_page_outside_of_docs_is_in_the_menu():
    outside = module("site_hooks").pages_outside()
    assert outside["README.md"] == "overview.md" and "s1/weights/s1.md" in outside
    assert set(outside.values()) <= set(paths(SITE["nav"]))


def test_every_page_of_docs_is_in_the_menu():
    docs = ROOT / "docs"
    pages = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    pages |= {path.relative_to(docs).as_posix() for path in docs.glob("notebooks/*.ipynb")}
    assert pages - set(paths(SITE["nav"])) == set()


@pytest.mark.parametrize(
    "page, text, wanted",
    [
        ("s1-report.md", "[c](../s1/weights/s1.md)", "[c](s1/weights/s1.md)"),
        ("s1-report.md", "![p](s1/complete.png)", "![p](s1/complete.png)"),
        ("assembly/rewards.md", "[m](../metrics.md#x)", "[m](../metrics.md#x)"),
        ("assembly/rewards.md", "[r](../../README.md)", "[r](../overview.md)"),
        ("overview.md", "[m](docs/m.md), [r](docs/s1/a.png)", "[m](m.md), [r](s1/a.png)"),
        ("overview.md", "[c](agents/weights/judge.md)", "[c](agents/weights/judge.md)"),
        ("s1/weights/real.md", "[c](s1.md) [d](../../docs/a.md)", "[c](s1.md) [d](../../a.md)"),
        ("a.md", "[h](#here) [w](https://x.org/y.md)", "[h](#here) [w](https://x.org/y.md)"),
    ],
)
def test_links_are_turned_to_where_pages_are_on_the_site(page, text, wanted):
    hooks = module("site_hooks")
    assert hooks.turned(text, page, hooks.pages_outside()) == wanted


def test_the_figures_of_the_explanation_are_drawn(untrained_s1, tmp_path, monkeypatch):
    figures = module("explanation_figures")
    flags = ["--s1", str(untrained_s1), "--agent", "exact", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["figures.py", *flags])
    figures.main()
    committed = ROOT / "docs/explanation"
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in committed.iterdir()}
    text = (tmp_path / "episode.svg").read_text()
    assert "start: 0.0 kcal/mol" in text
    shown = (committed / "episode.svg").read_text()
    for caption in ("pick 1: -10.6", "pick 2: -17.5", "pick 3: -20.2"):
        assert f"{caption} kcal/mol" in shown
