"""The page of `boxfold view` in a real Chromium: what it draws, links, and how fast."""

import base64
import io
import math
import shutil
import statistics
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from boxfold.scripts.page.page import page_text

playwright_api = pytest.importorskip("playwright.sync_api", reason="needs boxfold[browser]")
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"no browser on the path: {NAMES}")

MARKER = (0xFF, 0xE1, 0x4D)  # of the style sheet, light
REDRAW_MS = 200


def box(kind, row, col, n_rows, n_cols, probability):
    names = ("kind", "row", "col", "n_rows", "n_cols", "probability")
    return dict(zip(names, (kind, row, col, n_rows, n_cols, probability), strict=True))


def circle(length):
    """Places 15 apart, as those of ViennaRNA."""
    turn, radius = 2 * math.pi / length, 15 * length / (2 * math.pi)
    return [[radius * math.cos(k * turn), radius * math.sin(k * turn)] for k in range(length)]


def recording(*records, title="rnas.fa"):
    return {"schema": "boxfold.view/1", "title": title, "records": list(records)}


def small(name="small"):
    """Stems 1-3 (box 0), 6-8 (1), the knot 10-11 (2), one that pick 2 rules out (3), two loops."""
    pairs = [[0, 29], [1, 28], [2, 27], [5, 14], [6, 13], [7, 12], [9, 20], [10, 19]]
    fields = ("box", "energy", "reward", "excluded")
    steps = [(None, 0.0, 0.0, []), (0, -1.5, 0.1, []), (1, -4.0, 0.4, [3]), (2, -3.25, 0.3, [])]
    return {
        "id": name,
        "seq": "GGGAAGCGAUCACGCAAAAGAAAAAAACCC",
        "agent": "judge",
        "s1": "real",
        "boxes": [
            box("stem", 0, 27, 3, 3, 0.9),
            box("stem", 5, 12, 3, 3, 0.8),
            box("stem", 9, 19, 2, 2, 0.3),
            box("stem", 1, 12, 2, 2, 0.25),
            box("interior_loop", 2, 14, 4, 14, 0.5),
            box("hairpin", 7, 7, 6, 6, 0.7),
        ],
        "steps": [dict(zip(fields, step, strict=True)) for step in steps],
        "base_pairs": pairs,
        "pair_probability": [0.9] * 3 + [0.8] * 3 + [0.3] * 2,
        "base_confidence": [round(k / 29, 3) for k in range(30)],
        "structure_confidence": 0.75,
        "free_energy": -3.25,
        "reference": [*pairs[:5], [16, 24]],
        "layout": circle(30),
        "knotted": [6, 7],
        "multiloops": [],
    }


def bare():
    """A structure of a file: no boxes, nothing known beside the pairs."""
    nothing = ("agent", "s1", "pair_probability", "base_confidence", "structure_confidence")
    record = small("bare") | dict.fromkeys([*nothing, "free_energy", "reference"])
    return record | {"boxes": [], "steps": [], "knotted": []}


def large():
    """600 nt, 256 stems of 4 pairs: 40 in a row are picked, 216 shifted ones are masked."""
    picks = [box("stem", 15 * k, 15 * k + 8, 4, 4, 0.9) for k in range(40)]
    shifts = ((1, 9), (2, 8), (1, 7), (0, 9), (2, 9), (0, 7))
    rest = [box("stem", 15 * k + i, 15 * k + j, 4, 4, 0.2) for i, j in shifts for k in range(36)]
    steps = [{"box": None, "energy": 0.0, "reward": 0.0, "excluded": []}]
    for k in range(40):
        excluded = [40 + 36 * shift + k for shift in range(6)] if k < 36 else []
        steps.append({"box": k, "energy": -2.0 * k, "reward": 0.1 * k, "excluded": excluded})
    pairs = [[15 * k + i, 15 * k + 11 - i] for k in range(40) for i in range(4)]
    base = small("large") | {"seq": "GGGGAAAACCCCAAA" * 40, "boxes": picks + rest, "steps": steps}
    base |= {"base_pairs": pairs, "pair_probability": [0.9] * 160, "base_confidence": [0.8] * 600}
    return base | {"reference": pairs, "layout": circle(600), "knotted": []}


@pytest.fixture(scope="module")
def browser():
    with playwright_api.sync_playwright() as playwright:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


class Window:
    """A page of the browser, with what it complained of and asked for."""

    def __init__(self, browser, **settings):
        size = {"width": 1280, "height": 900}
        self.context = browser.new_context(**{"viewport": size} | settings)
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path, shown):
        path.write_text(page_text(shown), encoding="utf-8")
        self.page.goto(path.as_uri())
        settle(self.page)
        return self.page


@pytest.fixture(scope="module")
def desktop(browser):
    return Window(browser)


@pytest.fixture
def show(browser, desktop, tmp_path):
    """Opens a recording; afterwards nothing may have gone wrong or been asked for elsewhere."""
    windows = [desktop]
    path = tmp_path / "page.html"

    def opened(shown, **settings):
        if settings:
            windows.append(Window(browser, **settings))
        return windows[-1].open(path, shown)

    yield opened
    complaints = [line for window in windows for line in window.complaints]
    requests = set().union(*(window.requests for window in windows))
    for window in windows[1:]:
        window.context.close()
    desktop.complaints, desktop.requests = [], []
    assert complaints == []
    assert requests == {path.as_uri()}


def settle(page):
    """Until what was asked for is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def text(page, selector):
    settle(page)
    return page.locator(selector).inner_text()


def marked_bases(page):
    settle(page)
    script = "(found) => found.map((each) => Number(each.dataset.base))"
    return set(page.eval_on_selector_all(".base.marked", script))


def brackets(page):
    settle(page)
    return "".join(page.locator(".base i").all_inner_texts())


def pixels(page, name):
    """Colours (red, green, blue, alpha) of a canvas, by row and column."""
    settle(page)
    address = page.eval_on_selector(f"#{name}", "(canvas) => canvas.toDataURL()")
    picture = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGBA"))


def marked_pixels(page, name):
    """Places (x, y) of what is selected, shape (N, 2)."""
    return np.argwhere((pixels(page, name)[:, :, :3] == MARKER).all(axis=2))[:, ::-1]


def cell(page, row, col):
    """Middle of a cell of the grid, from the corner of the canvas."""
    left, top, size = (
        float(page.locator("#grid").get_attribute(f"data-{name}"))
        for name in ("left", "top", "cell")
    )
    return {"x": left + (col + 0.5) * size, "y": top + (row + 0.5) * size}


def colour_at(page, name, place):
    """As a tuple (red, green, blue, alpha)."""
    return tuple(pixels(page, name)[int(place["y"]), int(place["x"])].tolist())


def test_the_page_shows_the_last_step_and_what_is_known(show):
    page = show(recording(small()))
    facts = "rnas.fa · judge on boxes of real · 30 nt · 8 pairs · −3.25 kcal/mol · confidence 0.75"
    assert text(page, "#facts") == f"{facts} · 5 of 6 known pairs"
    assert page.title() == "small · boxfold"
    assert page.locator(".rows .row").count() == 6


def test_the_slider_changes_the_picks(show):
    page = show(recording(small()))
    slider = page.locator("#slider")
    seen = []
    for step in range(4):
        slider.fill(str(step))
        numbers = tuple(text(page, f"#{name}") for name in ("pick", "energy", "reward", "masked"))
        seen.append((*numbers, brackets(page)))
    assert seen == [
        ("0 of 3", "0.00", "0.00", "0", "." * 30),
        ("1 of 3", "−1.50", "0.10", "0", "(((........................)))"),
        ("2 of 3", "−4.00", "0.40", "1", "(((..(((....)))............)))"),
        ("3 of 3", "−3.25", "0.30", "1", "(((..(((.[[.)))....]]......)))"),
    ]


def test_picks_are_opaque_and_proposals_as_opaque_as_they_are_probable(show):
    page = show(recording(small()))
    page.locator("#slider").fill("1")
    stem = (0x00, 0x72, 0xB2)
    assert colour_at(page, "grid", cell(page, 1, 28)) == (*stem, 255)
    *_, alpha = colour_at(page, "grid", cell(page, 8.7, 19.7))  # beside the lines of the axes
    assert alpha == pytest.approx(0.3 * 255, abs=2)
    assert colour_at(page, "grid", cell(page, 12.7, 5.7))[3] == 0  # known, but not built yet
    assert colour_at(page, "grid", cell(page, 28, 1))[3] == 255  # known and built


def test_a_click_on_a_box_marks_its_pairs_in_all_views(show):
    page = show(recording(small()))
    assert [len(marked_pixels(page, name)) for name in ("grid", "drawing", "arcs")] == [0, 0, 0]
    page.locator("#grid").click(position=cell(page, 6, 13))
    assert marked_bases(page) == {5, 6, 7, 12, 13, 14}
    expected = "Stem 6–8 with 13–15 · 3 pairs · probability 0.80 · pick 2 (−2.50 kcal/mol)"
    assert text(page, "#details") == f"{expected} · 2 of 3 known"
    assert page.locator(".rows .marked").get_attribute("data-box") == "1"
    colours = [colour_at(page, "grid", cell(page, *pair)) for pair in ((5, 14), (6, 13), (7, 12))]
    assert colours == [(*MARKER, 255)] * 3
    assert colour_at(page, "grid", cell(page, 1, 28)) != (*MARKER, 255)
    assert min(len(marked_pixels(page, name)) for name in ("drawing", "arcs")) > 50
    page.keyboard.press("Escape")
    assert marked_bases(page) == set()
    assert len(marked_pixels(page, "grid")) == 0


def test_a_masked_box_is_found_and_says_by_what(show):
    page = show(recording(small()))
    page.locator("#grid").click(position=cell(page, 1, 13))
    expected = "Stem 2–3 with 13–14 · 2 pairs · probability 0.25 · masked by pick 2 · 0 of 2 known"
    assert text(page, "#details") == expected
    assert marked_bases(page) == {1, 2, 12, 13}


def test_a_hairpin_marks_its_closing_pair_and_its_bases(show):
    page = show(recording(small()))
    page.locator("#grid").click(position=cell(page, 8, 9))
    assert text(page, "#details").startswith("Hairpin 8–13 · closed by 8–13 · 4 unpaired")
    assert marked_bases(page) == set(range(7, 13))
    assert colour_at(page, "grid", cell(page, 7, 12)) == (*MARKER, 255)


def test_an_arc_selects_its_stem_then_its_pair(show):
    page = show(recording(small()))
    drawn = pixels(page, "arcs")
    x = page.locator("#arcs").bounding_box()["width"] // 2
    top = {"x": x, "y": int(np.flatnonzero(drawn[:, int(x), 3])[0]) + 1}
    page.locator("#arcs").click(position=top)
    assert text(page, "#details").startswith("Stem 1–3 with 28–30 · 3 pairs")
    page.locator("#arcs").click(position=top)
    assert text(page, "#details") == "Pair G1–C30 · probability 0.90 · known"
    assert marked_bases(page) == {0, 29}


def test_a_base_of_the_drawn_structure_is_the_base_of_the_sequence(show):
    page = show(recording(small()))
    page.locator("[data-base='23']").click()
    places = marked_pixels(page, "drawing")
    middle = places.mean(axis=0).tolist()
    page.keyboard.press("Escape")
    assert marked_bases(page) == set()
    page.locator("#drawing").click(position={"x": middle[0], "y": middle[1]})
    assert marked_bases(page) == {23}
    assert text(page, "#details") == "Base 24 A · 0 of 1 paired · confidence 0.79"


def test_search_marks_all_matches_then_one(show):
    page = show(recording(small()))
    page.keyboard.press("/")
    page.keyboard.type("grg")  # IUPAC: R is A or G
    assert text(page, "#matches") == "1 match"
    assert marked_bases(page) == {0, 1, 2}
    page.locator("#motif").fill("GC")
    assert text(page, "#matches") == "2 matches"
    assert marked_bases(page) == {5, 6, 13, 14}
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert text(page, "#matches") == "2 of 2"
    assert marked_bases(page) == {13, 14}
    page.locator("#motif").fill("4-6")
    assert marked_bases(page) == {3, 4, 5}
    page.locator("#motif").fill("G(C")
    assert text(page, "#matches") == "not IUPAC letters"
    page.keyboard.press("Escape")
    assert (page.locator("#motif").input_value(), text(page, "#matches")) == ("", "")


def test_bases_are_selected_by_dragging_and_by_keys(show):
    page = show(recording(small()))
    page.locator("[data-base='3']").hover()
    page.mouse.down()
    page.locator("[data-base='7']").hover()
    page.mouse.up()
    assert marked_bases(page) == set(range(3, 8))
    assert text(page, "#details").startswith("Bases 4–8 AAGCG · 3 of 5 paired")
    page.keyboard.press("Escape")
    page.locator("#bases").focus()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    assert marked_bases(page) == {1, 2, 3}
    assert text(page, "#pick") == "3 of 3"  # arrows did not step here


def test_keys_step_and_walk_through_the_boxes(show):
    page = show(recording(small(), bare()))
    for key, step in (
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("End", 3),
    ):
        page.keyboard.press(key)
        assert text(page, "#pick") == f"{step} of 3"
    page.keyboard.press("n")
    page.keyboard.press("n")
    assert text(page, "#details").startswith("Stem 6–8")
    page.keyboard.press("p")
    assert text(page, "#details").startswith("Stem 1–3")
    page.keyboard.press("]")
    settle(page)
    assert page.locator("#records").input_value() == "1"


def test_playing_goes_on_to_the_last_pick_and_can_be_paused(show):
    page = show(recording(small()))
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    settle(page)
    page.evaluate(WATCH)
    label = playwright_api.expect(page.locator("#play"))
    page.keyboard.press(" ")
    label.to_have_attribute("aria-label", "Pause")
    label.to_have_attribute("aria-label", "Play")  # it ends by itself
    settle(page)
    assert page.evaluate("window.seen") == ["2 of 3", "3 of 3"]
    page.keyboard.press(" ")
    page.keyboard.press(" ")
    label.to_have_attribute("aria-label", "Play")


WATCH = """() => {
  window.seen = [];
  const pick = document.getElementById("pick");
  new MutationObserver(() => window.seen.push(pick.textContent)).observe(pick, { childList: true });
}"""


FOCUSED = """() => {
  const focused = document.activeElement;
  return [focused.id || focused.localName, getComputedStyle(focused).outlineStyle];
}"""


def test_the_tab_key_reaches_every_view_and_the_focus_is_seen(show):
    page = show(recording(small(), bare()))
    reached = Counter()
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUSED)
        reached[name] += 1
        assert outline == "solid" or name == "body"
    views = {"bases", "grid", "drawing", "arcs", "boxes"}
    assert views | {"records", "theme", "play", "slider", "motif"} <= set(reached)


def test_everything_that_is_operated_has_a_name(show):
    page = show(recording(small()))
    nameless = """[...document.querySelectorAll("button, input, select, canvas, [role=listbox]")]
      .filter((each) => each.checkVisibility())
      .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim()))
      .map((each) => each.id)"""
    assert page.evaluate(nameless) == []


def test_dark_follows_the_system_and_the_button(show):
    page = show(recording(small()), color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(18, 21, 24)"
    dark = pixels(page, "grid")
    page.locator("#theme").click()
    assert page.evaluate(background) == "rgb(245, 245, 243)"
    assert (pixels(page, "grid") != dark).any()


@pytest.mark.parametrize("width", [360, 820])
def test_a_narrow_page_has_one_column_and_does_not_scroll_sideways(show, width):
    page = show(
        recording(small(), large()), viewport={"width": width, "height": 740}, has_touch=True
    )
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("#records").select_option("1")
        settle(page)
    page.locator("#records").select_option("0")
    lefts = {page.locator(f"#{name}").bounding_box()["x"] for name in ("grid", "drawing", "arcs")}
    assert len(lefts) == 1
    page.locator("#grid").tap(position=cell(page, 6, 13))
    assert marked_bases(page) == {5, 6, 7, 12, 13, 14}


def test_a_structure_without_boxes_has_no_slider(show):
    page = show(recording(bare()))
    assert not page.locator("#steps").is_visible()
    assert not page.locator("#box-panel").is_visible()
    page.locator("[data-base='0']").click()
    assert text(page, "#details") == "Base 1 G · paired with 30"
    assert len(marked_pixels(page, "arcs")) > 50


def test_hostile_text_stays_text(show):
    hostile = "</script><img src=x onerror='window.hurt=1'><!--\u2028{{script}}"
    page = show(recording(small(hostile), small("<b>other</b>"), title=hostile))
    assert page.evaluate("window.hurt") is None
    assert page.locator("img, b:not(.base b)").count() == 0
    assert page.locator("#records option").all_text_contents() == [hostile, "<b>other</b>"]
    assert page.locator("#facts").text_content().startswith(hostile)


def test_a_view_is_saved_as_svg(show):
    page = show(recording(small("../../etc/x y")))
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the arcs as SVG").click()
    assert saved.value.suggested_filename == "_.._etc_x_y-arcs.svg"
    content = saved.value.path().read_text()
    assert content.startswith("<svg ") and content.count("<path") >= 14


def test_zooming_keeps_what_is_under_the_pointer(show):
    page = show(recording(small()))
    page.get_by_role("button", name="Zoom into the grid").click()
    settle(page)
    assert float(page.locator("#grid").get_attribute("data-cell")) > 0
    page.locator("#grid").focus()
    page.keyboard.press("0")
    page.locator("#grid").click(position=cell(page, 6, 13))
    assert marked_bases(page) == {5, 6, 7, 12, 13, 14}


REDRAW = """async () => {
  const slider = document.getElementById("slider");
  const frame = () => new Promise((done) => requestAnimationFrame(() => done()));
  const took = [];
  for (let step = 0; step <= 40; step += 4) {
    const start = performance.now();
    slider.value = step;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await frame(); // drawn in this frame
    await frame(); // shown before the next
    took.push(performance.now() - start);
  }
  return took;
}"""


def test_600_nt_with_256_boxes_are_redrawn_within_200_ms_of_an_input(show):
    page = show(recording(large()))
    assert page.locator(".rows .row").count() == 256
    assert text(page, "#masked") == "216"
    medians: list[float] = []
    while len(medians) < 4 and not (medians and medians[-1] < REDRAW_MS):  # others may be busy
        medians.append(statistics.median(page.evaluate(REDRAW)))
    assert min(medians) < REDRAW_MS
