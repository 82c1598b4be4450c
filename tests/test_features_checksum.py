"""What a disk changes is noticed, wherever in a file it is."""

import hashlib
from importlib.resources import files
from pathlib import Path

import pytest

from boxfold.features.checksum import (
    SUMS,
    UNSEALED,
    check_listed,
    check_seal,
    file_digest,
    seal,
    write_list,
)
from boxfold.features.errors import InputError

FOLDERS = [Path(str(files(f"boxfold.{name}"))) / "weights" for name in ("s1", "agents")]


def test_digest_of_a_file(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    assert file_digest(tmp_path / "f").startswith("ba7816bf8f01cfea")
    with pytest.raises(InputError, match="gone: can't be read"):
        file_digest(tmp_path / "gone")


def test_a_seal_is_the_digest_of_the_file_with_zeros_in_its_place(tmp_path):
    path = tmp_path / "f"
    path.write_text(f"head {UNSEALED} tail")
    seal(path)
    digest = hashlib.sha256(f"head {UNSEALED} tail".encode()).hexdigest()
    assert path.read_text() == f"head boxfold-sha256-{digest} tail"
    assert check_seal(path)


def test_every_changed_bit_of_a_sealed_file_is_noticed_or_only_unseals_it(tmp_path):
    path = tmp_path / "f"
    path.write_text(f"head {UNSEALED} tail")
    seal(path)
    whole = path.read_bytes()
    mark = range(5, 5 + len("boxfold-sha256-") + 64)
    unsealed = 0
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        try:
            assert not check_seal(path)
        except InputError as error:
            assert str(error) == f"{path}: damaged (its checksum is another one)"
            continue
        assert bit // 8 in mark
        unsealed += 1
    assert unsealed < 8 * len(mark)
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        try:
            assert not check_seal(path)
        except InputError:
            assert size >= mark.stop


def test_a_file_without_a_seal(tmp_path):
    path = tmp_path / "f"
    for content in (b"", b"text", b"boxfold-sha256-"):
        path.write_bytes(content)
        assert not check_seal(path)
    with pytest.raises(ValueError, match="no place"):
        seal(path)


def test_a_list_is_what_sha256sum_reads(tmp_path):
    assert not check_listed(tmp_path / "w.safetensors")
    (tmp_path / "w.safetensors").write_bytes(b"abc")
    (tmp_path / "notes.md").write_text("not listed")
    write_list(tmp_path)
    assert (tmp_path / SUMS).read_text() == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  w.safetensors\n"
    )
    assert check_listed(tmp_path / "w.safetensors")
    assert not check_listed(tmp_path / "notes.md")
    (tmp_path / "w.safetensors").write_bytes(b"abd")
    with pytest.raises(InputError, match=r"w.safetensors: damaged .*in SHA256SUMS"):
        check_listed(tmp_path / "w.safetensors")


@pytest.mark.parametrize("folder", FOLDERS, ids=("s1", "agents"))
def test_all_weights_that_ship_are_listed_and_whole(folder):
    names = {path.name for path in folder.iterdir() if path.suffix in (".safetensors", ".json")}
    assert len(names) >= 5
    assert {name for name in names if check_listed(folder / name)} == names
