"""What a run shows in TensorBoard, interrupted or not; how much of a training is drawn."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from boxfold.s1 import drawing_budget
from boxfold.s1.board import DPI, pixels
from boxfold.s1.drawing_budget import DrawingBudget
from boxfold.s1.run_folder import RunFolder

CONFIG = {"seed": 1, "network": {"width": 8}}


def square():
    """A white figure, its lower half black, of 40 x 40 pixels."""
    figure = Figure(figsize=(40 / DPI, 40 / DPI))
    axes = figure.add_axes((0, 0, 1, 0.5))
    axes.set(facecolor="black", xticks=[], yticks=[])
    return figure


def test_a_figure_becomes_its_pixels():
    found = pixels(square())
    assert found.shape == (40, 40, 3) and found.dtype == np.uint8
    assert (found[:18] == 255).all() and (found[22:38, 2:38] == 0).all()


def steps_of(path):
    """Steps by tag, numbers, pictures and texts."""
    events = EventAccumulator(str(path)).Reload()
    steps = {tag: [e.step for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    steps |= {tag: [e.step for e in events.Images(tag)] for tag in events.Tags()["images"]}
    texts = [e.tensor_proto.string_val[0] for e in events.Tensors("command/text_summary")]
    return steps, texts


def test_a_resumed_run_shows_nothing_twice(tmp_path):
    killed = RunFolder.open(tmp_path / "run", CONFIG, "train --out 'a\nb'", False, False)
    for step in (1, 2, 3):
        killed.log(step, {"eval/f1": step / 10})
        killed.show(step, {"picture/1": square()})
    resumed = RunFolder.open(tmp_path / "run", CONFIG, "train --resume", True, False)
    resumed.rewind(1)
    for step, value in ((2, 0.5), (3, 0.4)):
        resumed.log(step, {"eval/f1": value})
        resumed.show(step, {"picture/1": square()})
    resumed.finish(kept=2)
    steps, texts = steps_of(tmp_path / "run")
    assert steps == {"eval/f1": [1, 2, 3], "picture/1": [1, 2, 3], "final/f1": [3]}
    assert texts == [b"    train --out 'a\n    b'", b"    train --resume"]
    events = EventAccumulator(str(tmp_path / "run")).Reload()
    assert [e.value for e in events.Scalars("eval/f1")] == pytest.approx([0.1, 0.5, 0.4])
    assert events.Scalars("final/f1")[0].value == 0.5
    picture = events.Images("picture/1")[0]
    assert (picture.width, picture.height) == (40, 40)
    (tmp_path / "picture.png").write_bytes(picture.encoded_image_string)
    assert (np.asarray(Image.open(tmp_path / "picture.png")) == pixels(square())).all()


def test_a_run_that_measured_nothing_ends_without_events(tmp_path):
    run = RunFolder.open(tmp_path / "run", CONFIG, "train", False, False)
    run.finish()
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"config.json", "command.txt", "finished"}


def test_pictures_are_drawn_at_the_end_and_while_they_are_cheap(monkeypatch):
    clock = iter([60.0, 70.0, 72.0, 80.0, 140.0, 143.0, 144.0, 147.0])
    monkeypatch.setattr(drawing_budget.time, "process_time", lambda: next(clock))
    shown = []
    run = type("Run", (), {"show": lambda self, step, figures: shown.append(step)})()
    budget = DrawingBudget()
    budget.draw(run, 1, False, dict)  # at 60 s: 2 s expected, 1.8 s are 3 %
    budget.draw(run, 2, False, dict)  # at 70 s: 2.1 s are 3 %; takes 2 s
    budget.draw(run, 3, False, dict)  # at 80 s: 2 s spent, 2 s expected, 2.4 s are 3 %
    budget.draw(run, 4, False, dict)  # at 140 s: 4.2 s are 3 %; takes 3 s
    budget.draw(run, 5, True, dict)  # at 144 s: too dear, but there is no other time
    assert shown == [2, 4, 5] and next(clock, None) is None
