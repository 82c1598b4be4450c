"""Tables that verbs write as CSV."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from boxfold.features.csv_cells import safe_cell

if TYPE_CHECKING:
    import pandas as pd


def write_csv(frame: "pd.DataFrame", path: str | Path) -> None:
    """Write a table: numbers with six digits, texts by `boxfold.features.csv_cells.safe_cell`."""
    safe = frame.rename(columns=_safe)
    for name in [name for name in safe if safe[name].dtype.kind not in "biufc"]:
        safe[name] = safe[name].map(_safe)
    safe.to_csv(path, index=False, float_format="%.6g")


def _safe(value: Any) -> Any:
    return safe_cell(value) if isinstance(value, str) else value
