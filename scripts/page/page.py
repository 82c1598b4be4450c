"""One HTML page that holds everything: template, style, script and the recording it shows.

The page asks nobody for anything: its policy forbids every request, and of styles and scripts it
admits only those whose hashes it names. The recording is data; nothing in it is read as HTML.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

MODULES = (
    "format",
    "colours",
    "pen",
    "recording",
    "state",
    "export",
    "panel",
    "axes",
    "grid",
    "arcs",
    "drawing",
    "sequence",
    "search",
    "steps",
    "boxes",
    "details",
    "records",
    "theme",
    "keys",
    "main",
)
"""Of the script, in the order in which they are joined."""

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""So that nothing in a JSON text can end or begin an element."""


def page_text(recording: Mapping[str, Any]) -> str:
    """The whole page.

    Parameters
    ----------
    recording : mapping
        As `boxfold.agents.recording` makes it, schema ``boxfold.view/1``.

    Returns
    -------
    str
        HTML; the same recording gives the same text.
    """
    style, script = _part("page.css"), script_text()
    parts = {
        "policy": _policy(script, style),
        "style": style,
        "script": script,
        "data": embedded_json(recording),
    }
    # In one pass: what is put in is not looked through for further names.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _part("page.html"))


def script_text() -> str:
    """All modules joined; their names are seen by no one else."""
    joined = "\n".join(_part(f"{name}.js") for name in MODULES)
    return f'(() => {{\n"use strict";\n{joined}}})();\n'


def embedded_json(value: object) -> str:
    r"""JSON that may stand inside of a ``script`` element: ASCII, without ``<``, ``>``, ``&``.

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> embedded_json({"id": "</script>"})
    '{"id":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&]", lambda found: _ESCAPES[found[0]], text)


def embedded_recording(page: str) -> Any:
    """The recording of a page. Inverse of `page_text`.

    Raises
    ------
    ValueError
        If the text is no such page.
    """
    found = re.search(r'<script type="application/json" id="recording">(.*?)</script>', page)
    if found is None:
        raise ValueError("no page of boxfold view")
    return json.loads(found[1])


def _policy(script: str, style: str) -> str:
    sources = f"script-src '{_hash(script)}'; style-src '{_hash(style)}'"
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _part(name: str) -> str:
    return (files("boxfold.scripts.page") / name).read_text(encoding="utf-8")
