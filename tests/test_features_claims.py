"""One process at a time on one output."""

import multiprocessing
import os
import signal
import stat

import pytest

from boxfold.features.claims import claimed
from boxfold.features.errors import InputError
from boxfold.features.files import atomic_folder, atomic_path


def hold(path, started, go_on):
    with claimed(path):
        started.set()
        go_on.wait()


def half_written(path, started):
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        started.set()
        signal.pause()


@pytest.fixture
def spawn():
    """Starts a function in another process; it is killed at the end."""
    context = multiprocessing.get_context("spawn")
    processes = []

    def start(function, *arguments):
        started = context.Event()
        process = context.Process(target=function, args=(arguments[0], started, *arguments[1:]))
        process.start()
        processes.append(process)
        assert started.wait(60)
        return process

    start.event = context.Event
    yield start
    for process in processes:
        process.kill()
        process.join()


def test_another_process_is_refused_until_the_first_one_ends(tmp_path, spawn):
    out, go_on = tmp_path / "new" / "run", spawn.event()
    process = spawn(hold, out, go_on)
    with pytest.raises(InputError, match=r"new/run: another run is writing it"), claimed(out):
        pass
    with claimed(tmp_path / "new" / "other"):
        pass
    go_on.set()
    process.join()
    with claimed(out):
        pass
    assert list(tmp_path.iterdir()) == []  # the folder that nothing came into is gone


def test_kill_9_frees_an_output(tmp_path, spawn):
    process = spawn(hold, tmp_path / "run", spawn.event())
    process.kill()
    process.join()
    assert [path.name for path in tmp_path.iterdir()] == [".run.lock"]
    with claimed(tmp_path / "run"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    out = tmp_path / "locked" / "out"
    out.mkdir(parents=True)
    opened = os.open

    def refusing(path, *args, **kwargs):  # as the system refuses others than root
        if os.fspath(path) == str(out.parent / ".out.lock"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refusing)
    with claimed(out), pytest.raises(InputError, match="another run"), claimed(out):
        pass
    assert list(out.iterdir()) == []
    with pytest.raises(InputError, match=r"can't be written \(Permission"):
        monkeypatch.setattr(os, "open", lambda *a: refusing(out.parent / ".out.lock"))
        out.rmdir()
        with claimed(out):
            pass


def test_what_a_killed_process_left_is_removed_but_not_what_a_living_one_writes(tmp_path, spawn):
    target = tmp_path / "table.csv"
    killed, living = spawn(half_written, target), spawn(half_written, target)
    assert len(list(tmp_path.iterdir())) == 2
    killed.kill()
    killed.join()
    with atomic_path(target) as temporary:
        temporary.write_text("whole")
    assert target.read_text() == "whole"
    (left,) = [path for path in tmp_path.iterdir() if path != target]
    living.kill()
    living.join()
    with atomic_path(target) as temporary:
        temporary.write_text("new")
    assert not left.exists() and target.read_text() == "new"


def test_a_folder_whose_writer_was_killed_between_two_names_comes_back(tmp_path):
    target, stale = tmp_path / "data", tmp_path / ".data.abcdefgh"
    for name in ("old", "new"):
        (stale / name).mkdir(parents=True)
        (stale / name / "file").write_text(name)
    with pytest.raises(RuntimeError), atomic_folder(target):
        raise RuntimeError
    assert (target / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "out.txt"
    with pytest.raises(InputError, match="exists already"), atomic_path(target, False) as temporary:
        temporary.write_text("late")
        target.write_text("first")
    assert target.read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_links_are_followed_and_devices_refused(tmp_path):
    target, link = tmp_path / "real.txt", tmp_path / "link.txt"
    link.symlink_to(target)
    with atomic_path(link) as temporary:
        temporary.write_text("text")
    assert link.is_symlink() and target.read_text() == "text"
    with pytest.raises(InputError, match="/dev/null: is a device"), atomic_path("/dev/null"):
        pass
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
