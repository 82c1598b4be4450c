"""`boxfold view`: the page that it writes, without a browser."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from boxfold.agents.recording_json import SCHEMA
from boxfold.scripts.page.page import MODULES, embedded_json, embedded_recording, page_text

SEQUENCE, STRUCTURE = "GGGAAAUCCGAACGG", "(((...)))......"
HOSTILE = "</script><script>alert(1)</script><!--{{script}}\u2028&amp;"


@pytest.fixture
def structures(tmp_path):
    path = tmp_path / "known.dbn"
    path.write_text(f">first\n{SEQUENCE}\n{STRUCTURE}\n>second\nGGGAAACCC\n(((...)))\n")
    return path


class Elements(HTMLParser):
    """Names and attributes of all elements, and the text inside of scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.found, self.inside = [], {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.found:
            tag, attributes = self.found[-1]
            self.inside.setdefault((tag, attributes.get("type")), data)

    def attributes(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def record(**fields):
    base = {"id": "a", "seq": "GGGAAACCC", "boxes": [], "steps": [], "base_pairs": []}
    return {"schema": SCHEMA, "title": "t", "records": [base | fields]}


def test_a_structure_file_becomes_a_page(call, structures, tmp_path):
    out = tmp_path / "known.html"
    outcome = call("view", structures, "--out", out)
    assert (outcome.code, outcome.out) == (0, f"wrote {out}: 2 records\n")
    shown = embedded_recording(out.read_text())
    assert (shown["schema"], shown["title"]) == (SCHEMA, "known.dbn")
    first, second = shown["records"]
    assert (first["id"], first["seq"]) == ("first", SEQUENCE)
    assert first["base_pairs"] == [[0, 8], [1, 7], [2, 6]]
    assert (first["steps"], first["boxes"], second["id"]) == ([], [], "second")
    assert len(first["layout"]) == len(SEQUENCE)


def test_an_episode_becomes_a_page(call, proposals, tmp_path):
    out = tmp_path / "episode.html"
    flags = (proposals, "--agent", "greedy-stack", "--max-records", "2", "--out", out)
    assert call("view", *flags).code == 0
    for shown in embedded_recording(out.read_text())["records"]:
        picks = [shown["boxes"][step["box"]] for step in shown["steps"][1:]]
        n_pairs = sum(box["n_rows"] for box in picks)
        assert (shown["agent"], n_pairs) == ("greedy-stack", len(shown["base_pairs"]))
        assert shown["steps"][-1]["energy"] == pytest.approx(shown["free_energy"])


def test_several_sequences_are_predicted(call, untrained_s1, tmp_path):
    fasta, out = tmp_path / "two.fa", tmp_path / "two.html"
    fasta.write_text(f">first\n{SEQUENCE}\n>second\nGGGAAACCC\n")
    flags = ("--s1", untrained_s1, "--agent", "greedy-stack", "--out", out)
    assert call("view", fasta, *flags).code == 0
    shown = embedded_recording(out.read_text())["records"]
    assert [each["id"] for each in shown] == ["first", "second"]
    assert shown[0]["s1"] == str(untrained_s1)
    assert min(len(each["base_confidence"]) for each in shown) == 9


def test_the_same_input_gives_the_same_bytes(call, structures, tmp_path):
    pages = [tmp_path / "a.html", tmp_path / "b.html"]
    for page in pages:
        assert call("view", structures, "--out", page).code == 0
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_a_page_is_only_replaced_on_request(call, structures, tmp_path):
    out = tmp_path / "known.html"
    out.write_text("mine")
    assert call("view", structures, "--out", out).is_one_line("view", str(out), "--overwrite")
    assert out.read_text() == "mine"
    assert call("view", structures, "--out", out, "--overwrite").code == 0
    assert out.read_text().startswith("<!doctype html>")


def test_an_input_without_a_good_record_leaves_no_page(call, tmp_path):
    path, out = tmp_path / "short.dbn", tmp_path / "out.html"
    path.write_text(f">a\n{SEQUENCE}\n((...))\n")
    outcome = call("view", path, "--out", out)
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1].startswith("boxfold view: error: ")
    assert not out.exists()


def test_the_page_holds_everything_and_names_no_other_place():
    elements = Elements(page_text(record()))
    places = {"src", "href", "action", "srcset", "data", "poster", "background", "formaction"}
    assert not [found for found in elements.found if places & set(found[1])]
    kept = elements.inside["style", None] + elements.inside["script", None]
    assert "@import" not in kept and not re.search(r"url\((?!#)", kept)
    assert set(re.findall(r"https?://[\w./]+", kept)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|import)\(|innerHTML|eval\(", kept)


def test_the_policy_admits_this_style_and_this_script_only():
    elements = Elements(page_text(record()))
    (policy,) = (each["content"] for each in elements.attributes("meta") if "http-equiv" in each)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    hashes = {
        f"{tag}-src": hashlib.sha256(elements.inside[tag, None].encode()).digest()
        for tag in ("script", "style")
    }
    assert rules == {
        name: f"'sha256-{base64.b64encode(digest).decode()}'" for name, digest in hashes.items()
    }
    assert not [attributes for _, attributes in elements.found if "style" in attributes]
    assert not [name for _, found in elements.found for name in found if name.startswith("on")]


def test_hostile_text_comes_back_unchanged_and_adds_no_element():
    harmless, hostile = page_text(record()), page_text(record(id=HOSTILE, agent="\ud800</style>"))
    assert embedded_recording(hostile)["records"][0]["id"] == HOSTILE
    found = [[tag for tag, _ in Elements(page).found] for page in (harmless, hostile)]
    assert found[0] == found[1]
    assert "\u2028" not in hostile
    hostile.encode()


def test_a_hostile_id_of_a_file_stays_text(call, tmp_path):
    path, out = tmp_path / "hostile.dbn", tmp_path / "out.html"
    path.write_text(f"><img/src=x/onerror=alert(1)>\n{SEQUENCE}\n{STRUCTURE}\n")
    assert call("view", path, "--out", out).code == 0
    page = out.read_text()
    assert embedded_recording(page)["records"][0]["id"] == "<img/src=x/onerror=alert(1)>"
    assert Elements(page).attributes("img") == []


def test_what_is_no_number_is_no_json():
    with pytest.raises(ValueError, match="JSON"):
        embedded_json({"energy": float("nan")})


def test_another_text_is_no_page():
    with pytest.raises(ValueError, match="no page"):
        embedded_recording("<!doctype html>")


def test_every_module_is_joined():
    from importlib.resources import files

    names = {each.name for each in files("boxfold.scripts.page").iterdir()}
    assert {f"{name}.js" for name in MODULES} == {name for name in names if name.endswith(".js")}
