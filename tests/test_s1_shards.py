import pytest

from boxfold.features.errors import InputError
from boxfold.s1.shards import Shards

SETTINGS = {"length": (64, 64), "seed": 1}


def shards(out, resume=False, overwrite=False, **changed) -> Shards:
    return Shards(out, {**SETTINGS, **changed}, resume, overwrite)


def test_pieces_come_back_after_a_resume(tmp_path):
    first = shards(tmp_path / "d")
    saved = first.save(0, [{"id": "a", "values": [1.5, 2.5]}])
    again = shards(tmp_path / "d", resume=True)
    assert again.n_finished() == 1 and again.load(1) is None
    loaded = again.load(0)
    assert loaded["id"].tolist() == saved["id"].tolist() == ["a"]
    assert loaded["values"][0].tolist() == [1.5, 2.5]
    again.remove()
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_is_neither_ignored_nor_mixed_with_another(tmp_path):
    shards(tmp_path / "d").save(0, [{"id": "a"}])
    with pytest.raises(InputError, match="continue it with --resume"):
        shards(tmp_path / "d")
    with pytest.raises(InputError, match=r"the interrupted run had seed = 1, this one has 2 "):
        shards(tmp_path / "d", resume=True, seed=2)
    with pytest.raises(InputError, match=r"had new = None, this one has x"):
        shards(tmp_path / "d", resume=True, new="x")
    assert shards(tmp_path / "d", resume=True).n_finished() == 1
    assert shards(tmp_path / "d", overwrite=True, seed=2).n_finished() == 0


def test_a_finished_output_is_kept(tmp_path):
    (tmp_path / "d").write_text("mine")
    for resume in (False, True):
        with pytest.raises(InputError, match="d: exists already"):
            shards(tmp_path / "d", resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_killed_before_and_while_the_settings_were_written(tmp_path):
    folder = tmp_path / "d.parts"
    folder.mkdir()
    assert shards(tmp_path / "d", resume=True).n_finished() == 0
    (folder / "config.json").write_text('{"le')
    with pytest.raises(InputError, match=r"config.json: damaged"):
        shards(tmp_path / "d", resume=True)


def test_a_damaged_piece_is_named(tmp_path):
    shards(tmp_path / "d").save(0, [{"id": "a"}])
    piece = tmp_path / "d.parts" / "00000.parquet"
    content = bytearray(piece.read_bytes())
    content[10] ^= 1
    piece.write_bytes(content)
    with pytest.raises(InputError, match=r"00000.parquet: damaged .*; delete it, then --resume"):
        shards(tmp_path / "d", resume=True).load(0)


def test_pieces_without_their_settings_are_not_taken(tmp_path):
    shards(tmp_path / "d").save(0, [{"id": "a"}])
    (tmp_path / "d.parts" / "config.json").unlink()
    with pytest.raises(InputError, match=r"config.json: damaged"):
        shards(tmp_path / "d", resume=True)
