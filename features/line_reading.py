"""Lines of text files of sequences, each with its number for messages."""

from boxfold.features.errors import InputError
from boxfold.features.sequence import normalize_sequence


def normalized_line(sequence: str, line: int) -> str:
    """Letters ``ACGUN`` of a sequence; what is wrong with it is an `InputError` with the line."""
    try:
        return normalize_sequence(sequence)[0]
    except InputError as error:
        raise InputError(f"line {line}: {error}") from None


def filled_lines(text: str) -> list[tuple[int, str]]:
    """Number (from 1) and text of the lines that hold something."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    return [line for line in lines if line[1]]
