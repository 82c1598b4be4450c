"""Checksums of files: one that a file carries inside itself, and lists beside files that ship.

A sealed file holds the text ``boxfold-sha256-`` and 64 digits: the SHA-256 of the file with zeros
in place of the digits. So any format that has room for a text can be checked as a whole, whatever
of it a disk has changed, and no second file is needed.

``python -m boxfold.features.checksum FOLDER ...`` lists the weights of folders that ship.
"""

import hashlib
import mmap
import re
import sys
from pathlib import Path

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_path

SUMS = "SHA256SUMS"
"""List of a folder's checksums, as ``sha256sum *`` prints it."""

_LISTED = (".safetensors", ".json")
_MARK = b"boxfold-sha256-"
_N_DIGITS = 64
_SEAL = re.compile(_MARK + rb"[0-9a-f]{%d}" % _N_DIGITS)

UNSEALED = (_MARK + b"0" * _N_DIGITS).decode()
"""Text to be put into a file before it is sealed."""


def seal(path: str | Path) -> None:
    """Fill in the checksum of a file that holds `UNSEALED`; of several, the last one is it."""
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        start = content.rfind(UNSEALED.encode())
        if start < 0:
            raise ValueError(f"{path}: holds no place for a checksum")
        first = start + len(_MARK)
        content[first : first + _N_DIGITS] = _digest(content, first)


def check_seal(path: str | Path) -> bool:
    """Check a sealed file.

    Returns
    -------
    bool
        False if the file has no checksum.

    Raises
    ------
    InputError
        If the content is not what was sealed.
    OSError
        If the file can't be read.
    """
    with open(path, "rb") as file:
        if not file.seek(0, 2):
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            start = content.rfind(_MARK)
            if start < 0 or not (found := _SEAL.match(content, start)):
                return False
            first = start + len(_MARK)
            if found[0][len(_MARK) :] != _digest(content, first):
                raise InputError(f"{path}: damaged (its checksum is another one)")
    return True


def check_listed(path: str | Path) -> bool:
    """Check a file against the list `SUMS` in its folder.

    Returns
    -------
    bool
        False if there is no list, or the file isn't in it.

    Raises
    ------
    InputError
        If the content is not what the list says.
    OSError
        If a file can't be read.
    """
    path = Path(path)
    try:
        lines = (path.parent / SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return False
    entries = (line.split() for line in lines)
    listed = {entry[1]: entry[0] for entry in entries if len(entry) == 2}
    wanted = listed.get(path.name)
    if wanted is None:
        return False
    if wanted != file_digest(path):
        raise InputError(f"{path}: damaged (its checksum is not the one in {SUMS})")
    return True


def write_list(folder: str | Path) -> None:
    """Write the list `SUMS` of the weights (safetensors, JSON) in a folder."""
    found = sorted(path for path in Path(folder).iterdir() if path.suffix in _LISTED)
    lines = [f"{file_digest(path)}  {path.name}\n" for path in found]
    with atomic_path(Path(folder) / SUMS) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Raises
    ------
    InputError
        If the file can't be read.
    """
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from None


def _digest(content: mmap.mmap, first: int) -> bytes:
    """Digits of the checksum of a content whose own digits begin at `first`."""
    with memoryview(content) as view:
        found = hashlib.sha256(view[:first])
        found.update(b"0" * _N_DIGITS)
        found.update(view[first + _N_DIGITS :])
    return found.hexdigest().encode()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_list(name)
