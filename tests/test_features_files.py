import pytest

from boxfold.features.errors import InputError
from boxfold.features.files import atomic_folder, atomic_path, check_writable


def test_whole_or_not_at_all(tmp_path):
    target = tmp_path / "deep" / "out.txt"
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert list(target.parent.iterdir()) == []
    with atomic_path(target) as temporary:
        temporary.write_text("whole")
    assert target.read_text() == "whole"
    assert [p.name for p in target.parent.iterdir()] == ["out.txt"]


def test_existing_file_needs_overwrite(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(InputError, match="exists already"), atomic_path(target, overwrite=False):
        pass
    assert target.read_text() == "old"


def test_folder_and_unwritable_place_are_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        check_writable(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't be written"), atomic_path(tmp_path / "file" / "x"):
        pass


def test_folders_are_whole_or_not_at_all(tmp_path):
    target = tmp_path / "deep" / "out"
    with pytest.raises(RuntimeError), atomic_folder(target) as temporary:
        (temporary / "half").write_text("half")
        raise RuntimeError
    assert list(target.parent.iterdir()) == []
    for text in ("first", "second"):
        with atomic_folder(target) as temporary:
            assert list(temporary.iterdir()) == []
            (temporary / text).write_text(text)
        assert [path.name for path in target.iterdir()] == [text]
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="can't be written"),
        atomic_folder(tmp_path / "file" / "x"),
    ):
        pass
