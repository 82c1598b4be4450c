"""Recordings as JSON: what the page of ``boxfold view`` is made of."""

from collections.abc import Iterable
from typing import Any

from boxfold.agents.recording import Recording, Step
from boxfold.features.box import boxes_from_array
from boxfold.features.calibration import FloatArray
from boxfold.features.structure import IntArray

SCHEMA = "boxfold.view/1"


def view_content(recordings: Iterable[Recording], title: str) -> dict[str, Any]:
    """All that a page shows, ready for `json.dumps`.

    Coordinates are rounded to one decimal, energies to two, probabilities and rewards to three.
    Positions are 0-based.

    Parameters
    ----------
    recordings : iterable of Recording
    title : str

    Returns
    -------
    dict
        Keys schema, title and records; of each record see `record_content`.
    """
    records = [record_content(each) for each in recordings]
    return {"schema": SCHEMA, "title": title, "records": records}


def record_content(recording: Recording) -> dict[str, Any]:
    """One recording for `view_content`.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    dict
        The fields of `Recording` by name; besides pair_probability and structure_confidence of its
        confidence, layout, knotted (indices of pairs that the layout leaves out) and multiloops.
    """
    sure = recording.confidence
    return {
        "id": recording.id,
        "seq": recording.seq,
        "agent": recording.agent,
        "s1": recording.s1,
        "boxes": _boxes(recording),
        "steps": [_step(step) for step in recording.steps],
        "reasons": list(recording.reasons),
        "base_pairs": recording.base_pairs.tolist(),
        "pair_probability": None if sure is None else _rounded(sure.pairs, 3),
        "base_confidence": _rounded(recording.base_confidence, 3),
        "structure_confidence": None if sure is None else round(float(sure.structure), 3),
        "free_energy": recording.free_energy,
        "reference": None if recording.reference is None else recording.reference.tolist(),
        "layout": _rounded(recording.layout, 1),
        "knotted": (~recording.is_laid_out).nonzero()[0].tolist(),
        "multiloops": [{"pairs": loop.tolist()} for loop in recording.multiloops],
    }


def _boxes(recording: Recording) -> list[dict[str, Any]]:
    probability = recording.probability.round(3).tolist()
    boxes = boxes_from_array(recording.boxes)
    return [
        {**box._asdict(), "kind": box.kind.label, "probability": p}
        for box, p in zip(boxes, probability, strict=True)
    ]


def _step(step: Step) -> dict[str, Any]:
    return {
        "box": step.pick,
        "energy": round(step.energy, 2) + 0.0,  # never -0.0
        "reward": round(step.reward, 3) + 0.0,
        "excluded": list(step.excluded),
    }


def _rounded(values: FloatArray | IntArray | None, digits: int) -> list[Any] | None:
    return None if values is None else (values.round(digits) + 0.0).tolist()
