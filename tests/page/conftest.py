"""Hand-made recordings, and a real Chromium that shows them."""

import base64
import io
import math
import shutil

import numpy as np
import pytest
from PIL import Image

from boxfold.scripts.page.page import page_text

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def box(kind, row, col, n_rows, n_cols, probability):
    names = ("kind", "row", "col", "n_rows", "n_cols", "probability")
    return dict(zip(names, (kind, row, col, n_rows, n_cols, probability), strict=True))


def circle(length):
    """Places 15 apart, as those of ViennaRNA."""
    turn, radius = 2 * math.pi / length, 15 * length / (2 * math.pi)
    return [[radius * math.cos(k * turn), radius * math.sin(k * turn)] for k in range(length)]


@pytest.fixture
def small():
    """Stems 1-3 (box 0), 6-8 (1), the knot 10-11 (2), one that pick 2 rules out (3), two loops."""
    pairs = [[0, 29], [1, 28], [2, 27], [5, 14], [6, 13], [7, 12], [9, 20], [10, 19]]
    fields = ("box", "energy", "reward", "excluded")
    steps = [(None, 0.0, 0.0, []), (0, -1.5, 0.1, []), (1, -4.0, 0.4, [3]), (2, -3.25, 0.3, [])]
    return {
        "id": "small",
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


@pytest.fixture
def bare(small):
    """A structure of a file: no boxes, nothing known beside the pairs."""
    nothing = ("agent", "s1", "pair_probability", "base_confidence", "structure_confidence")
    record = small | {"id": "bare"} | dict.fromkeys([*nothing, "free_energy", "reference"])
    return record | {"boxes": [], "steps": [], "knotted": []}


@pytest.fixture
def large(small):
    """600 nt, 256 stems of 4 pairs: 40 in a row are picked, 216 shifted ones are masked."""
    picks = [box("stem", 15 * k, 15 * k + 8, 4, 4, 0.9) for k in range(40)]
    shifts = ((1, 9), (2, 8), (1, 7), (0, 9), (2, 9), (0, 7))
    rest = [box("stem", 15 * k + i, 15 * k + j, 4, 4, 0.2) for i, j in shifts for k in range(36)]
    steps = [{"box": None, "energy": 0.0, "reward": 0.0, "excluded": []}]
    for k in range(40):
        excluded = [40 + 36 * shift + k for shift in range(6)] if k < 36 else []
        steps.append({"box": k, "energy": -2.0 * k, "reward": 0.1 * k, "excluded": excluded})
    pairs = [[15 * k + i, 15 * k + 11 - i] for k in range(40) for i in range(4)]
    base = small | {
        "id": "large",
        "seq": "GGGGAAAACCCCAAA" * 40,
        "boxes": picks + rest,
        "steps": steps,
    }
    base |= {"base_pairs": pairs, "pair_probability": [0.9] * 160, "base_confidence": [0.8] * 600}
    return base | {"reference": pairs, "layout": circle(600), "knotted": []}


@pytest.fixture(scope="module")  # not longer: asyncio of other tests has no place beside it
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="needs boxfold[browser]")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser on the path ({', '.join(BROWSERS)})")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        started.close()


class Window:
    """A window of the browser: what is seen in it, what it complained of and asked for."""

    MARKER = (0xFF, 0xE1, 0x4D, 0xFF)  # of what is selected, light

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
        self.settle()
        return self

    def settle(self):
        """Wait until what was asked for is drawn."""
        drawn = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
        self.page.evaluate(drawn)

    def text(self, selector):
        self.settle()
        return self.page.locator(selector).inner_text()

    def brackets(self):
        self.settle()
        return "".join(self.page.locator(".base i").all_inner_texts())

    def marked_bases(self):
        self.settle()
        script = "(found) => found.map((each) => Number(each.dataset.base))"
        return set(self.page.eval_on_selector_all(".base.marked", script))

    def pixels(self, view):
        """Colours (red, green, blue, alpha) of a canvas, by row and column."""
        self.settle()
        address = self.page.eval_on_selector(f"#{view}", "(canvas) => canvas.toDataURL()")
        picture = base64.b64decode(address.partition(",")[2])
        return np.asarray(Image.open(io.BytesIO(picture)).convert("RGBA"))

    def marked_pixels(self, view):
        """Places (x, y) of what is selected, shape (N, 2)."""
        return np.argwhere((self.pixels(view) == self.MARKER).all(axis=2))[:, ::-1]

    def cell(self, row, col):
        """Middle of a cell of the grid, from the corner of the canvas."""
        left, top, size = (
            float(self.page.locator("#grid").get_attribute(f"data-{name}"))
            for name in ("left", "top", "cell")
        )
        return {"x": left + (col + 0.5) * size, "y": top + (row + 0.5) * size}

    def cell_colour(self, row, col):
        """As a tuple (red, green, blue, alpha)."""
        place = self.cell(row, col)
        return tuple(self.pixels("grid")[int(place["y"]), int(place["x"])].tolist())

    def expect(self, selector):
        """What waits until an element is as it is expected to be."""
        from playwright.sync_api import expect

        return expect(self.page.locator(selector))


@pytest.fixture(scope="module")
def desktop(browser):
    return Window(browser)


@pytest.fixture
def show(browser, desktop, tmp_path):
    """Opens recordings; afterwards nothing may have gone wrong or been asked for elsewhere."""
    windows = [desktop]
    path = tmp_path / "page.html"

    def opened(*records, title="rnas.fa", **settings):
        if settings:
            windows.append(Window(browser, **settings))
        shown = {"schema": "boxfold.view/1", "title": title, "records": list(records)}
        return windows[-1].open(path, shown)

    yield opened
    complaints = [line for window in windows for line in window.complaints]
    requests = set().union(*(window.requests for window in windows))
    for window in windows[1:]:
        window.context.close()
    desktop.complaints, desktop.requests = [], []
    assert complaints == []
    assert requests == {path.as_uri()}
