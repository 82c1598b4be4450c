"""What a run shows in TensorBoard: numbers, pictures, the command, settings with final metrics."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from boxfold.features.silence import quiet_threads

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 80


class Board:
    """Events of a run.

    Parameters
    ----------
    path : Path
        The run folder.
    step : int
        What an interrupted run wrote from here on is hidden, as it is about to be written again.
    command : str
        What was typed; shown at this step, so a resumed run shows each of its commands.
    """

    def __init__(self, path: Path, step: int, command: str) -> None:
        quiet_threads()
        self._writer = SummaryWriter(str(path), purge_step=step)
        lines = command.splitlines() or [""]
        # A block of code: what stands in it is no markup.
        self._writer.add_text("command", "\n".join(f"    {line}" for line in lines), step)

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """Scalars by tag."""
        for tag, value in values.items():
            self._writer.add_scalar(tag, value, step)
        self._writer.flush()

    def pictures(self, step: int, figures: "Mapping[str, Figure]") -> None:
        """Drawings by tag."""
        for tag, figure in figures.items():
            self._writer.add_image(tag, pixels(figure), step, dataformats="HWC")
        self._writer.flush()

    def settings(self, config: Mapping[str, Any], final: Mapping[str, float], step: int) -> None:
        """A line of the tab HPARAMS: settings, and metrics of what was kept.

        Parameters
        ----------
        config : mapping
            JSON-able, nested.
        final : mapping of str to float
            Become scalars, which is where the tab finds them.
        step : int
            Of the scalars.
        """
        self.numbers(step, final)
        for summary in hparams(flat(config), dict(final)):
            self._writer._get_file_writer().add_summary(summary)
        self._writer.flush()

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def pixels(figure: "Figure") -> NDArray[np.uint8]:
    """A drawing as an image, shape (H, W, 3)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # only where something is drawn

    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, str | float]:
    """Settings by dotted name; what is neither a number nor text, as JSON.

    Examples
    --------
    >>> flat({"seed": 1, "network": {"embed_dim": 32}, "data": ["a.parquet"], "init": None})
    {'seed': 1, 'network.embed_dim': 32, 'data': '["a.parquet"]', 'init': 'null'}
    """
    found: dict[str, str | float] = {}
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
            found[prefix + name] = value if is_plain else json.dumps(value)
    return found
