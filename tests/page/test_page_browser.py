"""The page of `boxfold view` in a real Chromium: what it draws, and what one view marks in all."""

import numpy as np
import pytest


def test_the_page_shows_the_last_step_and_what_is_known(show, small):
    window = show(small)
    page = window.page
    facts = "rnas.fa · judge on boxes of real · 30 nt · 8 pairs · −3.25 kcal/mol · confidence 0.75"
    assert window.text("#facts") == f"{facts} · 5 of 6 known pairs"
    assert page.title() == "small · boxfold"
    assert page.locator(".rows .row").count() == 6


def test_the_slider_changes_the_picks(show, small):
    window = show(small)
    page = window.page
    slider = page.locator("#slider")
    seen = []
    for step in range(4):
        slider.fill(str(step))
        numbers = tuple(window.text(f"#{name}") for name in ("pick", "energy", "reward", "masked"))
        seen.append((*numbers, window.brackets()))
    assert seen == [
        ("0 of 3", "0.00", "0.00", "0", "." * 30),
        ("1 of 3", "−1.50", "0.10", "0", "(((........................)))"),
        ("2 of 3", "−4.00", "0.40", "1", "(((..(((....)))............)))"),
        ("3 of 3", "−3.25", "0.30", "1", "(((..(((.[[.)))....]]......)))"),
    ]


def test_picks_are_opaque_and_proposals_as_opaque_as_they_are_probable(show, small):
    window = show(small)
    page = window.page
    page.locator("#slider").fill("1")
    stem = (0x00, 0x72, 0xB2)
    assert window.cell_colour(1, 28) == (*stem, 255)
    *_, alpha = window.cell_colour(8.7, 19.7)  # beside the lines of the axes
    assert alpha == pytest.approx(0.3 * 255, abs=2)
    assert window.cell_colour(12.7, 5.7)[3] == 0  # known, but not built yet
    assert window.cell_colour(28, 1)[3] == 255  # known and built


def test_a_click_on_a_box_marks_its_pairs_in_all_views(show, small):
    window = show(small)
    page = window.page
    assert [len(window.marked_pixels(name)) for name in ("grid", "drawing", "arcs")] == [0, 0, 0]
    page.locator("#grid").click(position=window.cell(6, 13))
    assert window.marked_bases() == {5, 6, 7, 12, 13, 14}
    expected = "Stem 6–8 with 13–15 · 3 pairs · probability 0.80 · pick 2 (−2.50 kcal/mol)"
    assert window.text("#details") == f"{expected} · 2 of 3 known"
    assert page.locator(".rows .marked").get_attribute("data-box") == "1"
    colours = [window.cell_colour(*pair) for pair in ((5, 14), (6, 13), (7, 12))]
    assert colours == [window.MARKER] * 3
    assert window.cell_colour(1, 28) != window.MARKER
    assert min(len(window.marked_pixels(name)) for name in ("drawing", "arcs")) > 50
    page.keyboard.press("Escape")
    assert window.marked_bases() == set()
    assert len(window.marked_pixels("grid")) == 0


def test_a_masked_box_is_found_and_says_by_what(show, small):
    window = show(small)
    page = window.page
    page.locator("#grid").click(position=window.cell(1, 13))
    expected = "Stem 2–3 with 13–14 · 2 pairs · probability 0.25 · masked by pick 2 · 0 of 2 known"
    assert window.text("#details") == expected
    assert window.marked_bases() == {1, 2, 12, 13}


def test_a_hairpin_marks_its_closing_pair_and_its_bases(show, small):
    window = show(small)
    page = window.page
    page.locator("#grid").click(position=window.cell(8, 9))
    assert window.text("#details").startswith("Hairpin 8–13 · closed by 8–13 · 4 unpaired")
    assert window.marked_bases() == set(range(7, 13))
    assert window.cell_colour(7, 12) == window.MARKER


def test_an_arc_selects_its_stem_then_its_pair(show, small):
    window = show(small)
    page = window.page
    drawn = window.pixels("arcs")
    x = page.locator("#arcs").bounding_box()["width"] // 2
    top = {"x": x, "y": int(np.flatnonzero(drawn[:, int(x), 3])[0]) + 1}
    page.locator("#arcs").click(position=top)
    assert window.text("#details").startswith("Stem 1–3 with 28–30 · 3 pairs")
    page.locator("#arcs").click(position=top)
    assert window.text("#details") == "Pair G1–C30 · probability 0.90 · known"
    assert window.marked_bases() == {0, 29}


def test_a_base_of_the_drawn_structure_is_the_base_of_the_sequence(show, small):
    window = show(small)
    page = window.page
    page.locator("[data-base='23']").click()
    places = window.marked_pixels("drawing")
    middle = places.mean(axis=0).tolist()
    page.keyboard.press("Escape")
    assert window.marked_bases() == set()
    page.locator("#drawing").click(position={"x": middle[0], "y": middle[1]})
    assert window.marked_bases() == {23}
    assert window.text("#details") == "Base 24 A · 0 of 1 paired · confidence 0.79"


def test_search_marks_all_matches_then_one(show, small):
    window = show(small)
    page = window.page
    page.keyboard.press("/")
    page.keyboard.type("grg")  # IUPAC: R is A or G
    assert window.text("#matches") == "1 match"
    assert window.marked_bases() == {0, 1, 2}
    page.locator("#motif").fill("GC")
    assert window.text("#matches") == "2 matches"
    assert window.marked_bases() == {5, 6, 13, 14}
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert window.text("#matches") == "2 of 2"
    assert window.marked_bases() == {13, 14}
    page.locator("#motif").fill("4-6")
    assert window.marked_bases() == {3, 4, 5}
    page.locator("#motif").fill("G(C")
    assert window.text("#matches") == "not IUPAC letters"
    page.keyboard.press("Escape")
    assert (page.locator("#motif").input_value(), window.text("#matches")) == ("", "")


def test_bases_are_selected_by_dragging_and_by_keys(show, small):
    window = show(small)
    page = window.page
    page.locator("[data-base='3']").hover()
    page.mouse.down()
    page.locator("[data-base='7']").hover()
    page.mouse.up()
    assert window.marked_bases() == set(range(3, 8))
    assert window.text("#details").startswith("Bases 4–8 AAGCG · 3 of 5 paired")
    page.keyboard.press("Escape")
    page.locator("#bases").focus()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    assert window.marked_bases() == {1, 2, 3}
    assert window.text("#pick") == "3 of 3"  # arrows did not step here
