"""Brings what lies outside of docs/ onto the site: README, changelog, model cards.

Links are written as they work in the checkout; here they are turned to where the pages are on the
site. See https://www.mkdocs.org/dev-guide/plugins/#events for the names of the functions.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]

RENAMED = {"README.md": "overview.md", "CHANGELOG.md": "changelog.md"}
"""Pages outside of docs/, by path in the repository; model cards keep theirs."""

LINK = re.compile(r"(?<=\]\()([^)\s:#]+)(?=[)#])")
"""Target of a link or picture that is a path."""


def pages_outside(root: Path = ROOT) -> dict[str, str]:
    """Path on the site of each page outside of docs/, by its path in the repository."""
    cards = sorted(root.glob("*/weights/*.md"))
    return RENAMED | {(path := card.relative_to(root).as_posix()): path for card in cards}


def turned(markdown: str, page: str, outside: dict[str, str]) -> str:
    """Text of a page with links as they are on the site.

    Parameters
    ----------
    markdown : str
    page : str
        Path on the site.
    outside : dict
        See `pages_outside`.

    Examples
    --------
    >>> turned("[README](../README.md#results), [a](b.md)", "x.md", {"README.md": "overview.md"})
    '[README](overview.md#results), [a](b.md)'
    """
    source = {there: here for here, there in outside.items()}.get(page, f"docs/{page}")

    def target(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), found[0]))
        there = outside.get(path, path.removeprefix("docs/"))
        return posixpath.relpath(there, posixpath.dirname(page) or ".")

    return LINK.sub(target, markdown)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside of docs/."""
    for here, there in pages_outside().items():
        files.append(File.generated(config, there, content=(ROOT / here).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn the links of a page; those of notebooks stay within docs/ as they are."""
    path = page.file.src_uri
    return markdown if path.endswith(".ipynb") else turned(markdown, path, pages_outside())
