"""Plugin of pytest that leaves out test files whose imports are not all installed.

Usage: PYTHONPATH=tests python -m pytest -p importable

What a file imports is followed through the package, the benchmarks and the fixtures of
``conftest.py``, into functions too: so the tests that need no torch are known without a list of
them, and without torch.
"""

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONFTEST = ROOT / "tests" / "conftest.py"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Ignore a test file that can't be imported here, or only in part."""
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    return True if missing(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Leave out tests whose parameter is the name of a module that can't be imported here."""
    left_out = [item for item in items if any(map(lacks, modules_of(item)))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def modules_of(item: pytest.Item) -> list[str]:
    """Modules of this repository that the parameters of a test name."""
    values = getattr(item, "callspec", None)
    texts = [value for value in values.params.values() if isinstance(value, str)] if values else []
    return [text for text in texts if own_file(text)]


@cache
def lacks(module: str) -> bool:
    """Is anything not installed that a module may import?"""
    return not all(map(is_installed, reached({module})))


def missing(path: Path) -> set[str]:
    """Packages that are not installed, of all that a test file may import."""
    return {name for name in needed(path) if not is_installed(name)}


def needed(path: Path) -> set[str]:
    """Top-level packages of other people that a test file may import."""
    tree = ast.parse(path.read_text())
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    of_fixtures = [fixtures()[name] for name in arguments & fixtures().keys()]
    return reached(imports(tree).union(*of_fixtures))


def reached(names: set[str]) -> set[str]:
    """Top-level packages of other people that modules may import, however indirectly."""
    waiting = set(names)
    seen: set[str] = set()
    others: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        source = own_file(name)
        if source is not None:
            waiting |= imports_of(source)
        elif not name.startswith("boxfold"):
            others.add(name.partition(".")[0])
    return others


@cache
def own_file(name: str) -> Path | None:
    """File of a module of this repository."""
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    places = [ROOT.joinpath(*parts[1:])] if parts[0] == "boxfold" and len(parts) > 1 else []
    places += [ROOT / folder / name for folder in ("benchmarks", "tests", "tests/stress")]
    for place in places:
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                return path
    return None


@cache
def imports_of(source: Path) -> frozenset[str]:
    """See `imports`."""
    return frozenset(imports(ast.parse(source.read_text())))


def imports(tree: ast.AST) -> set[str]:
    """Dotted names that code imports, but for type checkers; packages come with their parents."""
    names: set[str] = set()
    for node in code(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {member for member in members if own_file(member)}
        elif isinstance(node, ast.Constant) and runs_verbs(node.value):
            names |= {f"boxfold.scripts.{path.stem}" for path in (ROOT / "scripts").glob("*.py")}
    parts = [name.split(".") for name in names]
    return {".".join(part[:n]) for part in parts for n in range(1, len(part) + 1)}


def runs_verbs(constant: object) -> bool:
    """Is this the start of the name of a verb's file, or code for another process?"""
    text = constant if isinstance(constant, str) else ""
    return text == "boxfold.scripts." or "boxfold.scripts.cli" in text


def code(tree: ast.AST) -> list[ast.AST]:
    """All nodes, without what stands below ``if TYPE_CHECKING``."""
    found = [tree]
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        found += code(child)
    return found


@cache
def fixtures() -> dict[str, set[str]]:
    """What each fixture of ``conftest.py`` imports, and what it uses of the file's own imports."""
    tree = ast.parse(CONFTEST.read_text())
    own: dict[str, set[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                own[alias.name] = {node.module, f"{node.module}.{alias.name}"}
    bodies = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found: dict[str, set[str]] = {}
    for name, body in bodies.items():
        uses = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}
        arguments = {argument.arg for argument in body.args.args}
        found[name] = imports(body).union(*(own[use] for use in uses & own.keys()))
        found[name] |= {f"fixture:{argument}" for argument in arguments & bodies.keys()}
    while any(each.startswith("fixture:") for names in found.values() for each in names):
        for name, names in found.items():
            of_others = {each for each in names if each.startswith("fixture:")}
            more = {x for each in of_others for x in found[each.removeprefix("fixture:")]}
            found[name] = (names - of_others) | (more - {f"fixture:{name}"})
    return found


@cache
def is_installed(name: str) -> bool:
    """Can this top-level package be imported here? It is not imported."""
    return find_spec(name) is not None
