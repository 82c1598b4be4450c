"""Photographs the page of `boxfold view` in Chromium: docs/view/desktop.png, dark.png, phone.png.

python docs/screenshots.py
"""

import io
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from figures import RIBOSWITCH
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from boxfold.scripts import cli

FOLDER = Path(__file__).parent / "view"

LEVEL = 5
"""Of 256; nobody sees it, and the pictures are a quarter smaller. A palette loses small marks."""


@dataclass(frozen=True)
class Shot:
    """One photograph: how wide the window is, its scheme, what was done before.

    Attributes
    ----------
    width : int
        CSS pixels; as high as the page is.
    scale : float
        Pixels of the picture per CSS pixel.
    scheme : {"light", "dark"}
    prepare : callable
        Gets the page.
    """

    width: int
    scale: float
    scheme: str
    prepare: Callable[[Page], None]


def show_knot(page: Page) -> None:
    """Select the stem that knots, in the list."""
    page.locator(".rows .row", has_text="14–18").first.click()


def show_third_pick(page: Page) -> None:
    """Go to the third pick, select the second one."""
    page.locator("#slider").fill("3")
    page.locator(".rows .row", has_text="pick 2").first.click()


def show_motif(page: Page) -> None:
    """Search a motif."""
    page.locator("#motif").fill("GGC")


SHOTS = {
    "desktop": Shot(1280, 1, "light", show_knot),
    "dark": Shot(1280, 1, "dark", show_third_pick),
    "phone": Shot(390, 1.5, "light", show_motif),
}


def main() -> None:
    """Write the page of the riboswitch, photograph it."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = riboswitch_page(Path(folder))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, shot in SHOTS.items():
            save(photograph(browser, page, shot), FOLDER / f"{name}.png")
        browser.close()


def save(picture: Image.Image, path: Path) -> None:
    """As PNG; channels are rounded to multiples of `LEVEL`."""
    rounded = [min(255, LEVEL * round(value / LEVEL)) for value in range(256)]
    picture.point(rounded * 3).save(path, format="PNG", optimize=True)


def riboswitch_page(folder: Path) -> Path:
    """What a user would run, on the riboswitch and its known structure."""
    header, sequence = f">{RIBOSWITCH['id']}", RIBOSWITCH["sequence"]
    (folder / "ztp.fa").write_text(f"{header}\n{sequence}\n")
    (folder / "ztp.dbn").write_text(f"{header}\n{sequence}\n{RIBOSWITCH['dot_bracket']}\n")
    flags = ["--reference", str(folder / "ztp.dbn"), "--out", str(folder / "ztp.html")]
    if cli.main(["view", str(folder / "ztp.fa"), *flags]):
        raise SystemExit("the page could not be written")
    return folder / "ztp.html"


def photograph(browser: Browser, path: Path, shot: Shot) -> Image.Image:
    """The whole page; the window is as high, so that the last line stands at its end."""
    page = browser.new_page(
        viewport={"width": shot.width, "height": 900},
        color_scheme=shot.scheme,
        device_scale_factor=shot.scale,
    )
    page.goto(path.as_uri())
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": shot.width, "height": height})
    shot.prepare(page)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return picture


if __name__ == "__main__":
    main()
