"""JSON files that hold one object: settings of runs, calibrations."""

import json
from pathlib import Path
from typing import Any

from boxfold.features.errors import InputError
from boxfold.features.limits import MAX_SETTINGS, in_words


def read_json_object(path: str | Path) -> dict[str, Any]:
    """Content of a file.

    Raises
    ------
    InputError
        If it can't be read, or holds something else.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_SETTINGS + 1)
        if len(text) > MAX_SETTINGS:
            raise InputError(f"{path}: more than {in_words(MAX_SETTINGS)}, the most that is read")
        content = json.loads(text)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: no JSON ({error})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds no JSON object")
    return content
