import numpy as np
import pandas as pd
import pytest

from boxfold.features.proposals import EVIDENCE
from boxfold.features.structure import base_pairs_from_dot_bracket as pairs
from boxfold.s1.model import S1Model
from boxfold.s1.propose import ProposeConfig, PruneConfig, propose_batch
from boxfold.s1.structure_files import Predicted
from boxfold.s1.tables import proposals_of_row, read_proposals
from boxfold.s1.vote_proposals import propose_joined, propose_votes, structures_by_id
from boxfold.scripts import propose

SEQ = "GGGGAAAACCCC"
HELIX, INNER = "((((....))))", ".(((....)))."


def predicted(name, seq, structure):
    return Predicted(name, seq, len(structure), pairs(structure), "tool.dbn")


def test_structures_are_grouped_and_misfits_refused():
    lines: list[str] = []
    given = [
        predicted("a", SEQ, HELIX),
        predicted("a", None, INNER),
        predicted("a", SEQ[:-1] + "A", INNER),
        predicted("a", SEQ + "A", INNER + "."),
        predicted("b", None, INNER),
    ]
    sequences, structures = structures_by_id(given, None, lines.append)
    assert sequences == {"a": SEQ} and [len(each) for each in structures["a"]] == [4, 3]
    assert lines == [
        "tool.dbn: record 'a': another sequence: A at position 12, not C",
        "tool.dbn: record 'a': a structure of 13 bases, the sequence has 12",
        "tool.dbn: record 'b': no sequence (--data gives it)",
    ]
    structures_by_id(given[:1], {"c": SEQ}, lines.append)
    assert lines[-1] == "tool.dbn: record 'a': the id is not in --data"


def test_limits_apply_to_votes():
    structures = [pairs(HELIX), pairs(INNER), pairs(INNER)]
    whole = propose_votes(SEQ, structures, ProposeConfig())
    assert whole.proposals.score.tolist() == pytest.approx([1, 1 / 3])
    assert propose_votes(SEQ, structures, ProposeConfig(max_boxes=1)).proposals.boxes.shape == (
        1,
        5,
    )
    config = ProposeConfig(prune=PruneConfig(min_probability=0.5))
    pruned = propose_votes(SEQ, structures, config)
    assert pruned.proposals.score.tolist() == [1] and pruned.pruned.sum() == 1


def test_joined_with_s1_has_both_kinds_of_evidence(untrained_s1):
    model = S1Model.load(str(untrained_s1))
    structures = [pairs(HELIX), pairs("............")]
    config = ProposeConfig(max_boxes=500)
    (_, both), (alone,) = (
        next(iter(propose_joined(model, [SEQ], [structures], config))),
        propose_batch(model, [SEQ], config),
    )
    found = both.proposals
    assert len(found.boxes) >= len(alone.boxes) > 1
    score = dict(zip(map(tuple, alone.boxes.tolist()), alone.score.tolist(), strict=True))
    votes = found.evidence[:, EVIDENCE.index("votes_softmax")]
    for box, each, vote in zip(found.boxes.tolist(), found.score, votes, strict=True):
        assert each == pytest.approx((score.get(tuple(box), 0) + vote) / 2, abs=1e-6)
    helix = found.boxes.tolist().index([0, 0, 8, 4, 4])
    assert votes[helix] == 0.5 and (np.delete(votes, helix) == 0).all()
    # the rest of the evidence is that of S1
    own = {tuple(box): row for box, row in zip(alone.boxes.tolist(), alone.evidence, strict=True)}
    n_own = EVIDENCE.index("votes_softmax")
    for box, row in zip(found.boxes.tolist(), found.evidence, strict=True):
        if tuple(box) in own:
            assert np.allclose(row[:n_own], own[tuple(box)][:n_own])
    assert (found.evidence[:, 0] < 0).all()
    assert (np.diff(found.score) <= 0).all()


@pytest.fixture
def files(tmp_path):
    (tmp_path / "x.dbn").write_text(f">a\n{SEQ}\n{HELIX} (-1.00)\n>b\nGGGAAAACCC\n(((....)))\n")
    (tmp_path / "y.csv").write_text(f"id,dot_bracket\na,{INNER}\nb,..........\nc,...\n")
    (tmp_path / "d.csv").write_text(f"id,sequence,dot_bracket\na,{SEQ},{HELIX}\nd,GGGAAAACCC,\n")
    return tmp_path


def run(folder, *flags):
    out = ["--overwrite", "--out", str(folder / "p.parquet")]
    code = propose.main([*map(str, flags), *out])
    return code, read_proposals(folder / "p.parquet") if code < 2 else None


def test_the_verb_takes_sequences_from_the_files(files, capsys):
    code, table = run(files, "--structures", files / "x.dbn", files / "y.csv")
    assert code == 1 and table["id"].tolist() == ["a", "b"]
    error = capsys.readouterr().err
    assert "y.csv: record 'c': no sequence (--data gives it)" in error and error.count("\n") == 1
    found = proposals_of_row(table.iloc[0])
    assert found.boxes[:, 3].tolist() == [3, 4] and found.score.tolist() == [1, 0.5]
    assert pd.isna(table["dot_bracket"].iloc[0])


def test_the_verb_with_data_keeps_references_and_names_the_unknown(files, capsys):
    code, table = run(files, "--structures", files / "x.dbn", "--data", files / "d.csv")
    assert code == 1 and table["id"].tolist() == ["a", "d"]
    assert table["dot_bracket"].iloc[0] == HELIX
    assert table["box_n"].map(len).tolist() == [1, 0]
    printed = capsys.readouterr()
    assert "x.dbn: record 'b': the id is not in --data" in printed.err
    assert "1 of 2 sequences have no structure" in printed.err
    assert "examples with all target stems found: before 1, after 1" in printed.out


def test_the_verb_joins_s1(files, untrained_s1):
    flags = ("--structures", files / "x.dbn", "--with-s1", "--s1", untrained_s1)
    code, table = run(files, *flags)
    assert code == 0 and table["box_n"].map(len).min() > 1
    assert (table["evidence_votes_softmax"].map(max) == 1).all()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--data is needed, or --structures"),
        (["--structures", "no.dbn"], "no.dbn"),
        (["--structures", "y.csv"], "none of them fits a sequence"),
        (["--structures", "x.dbn", "--max-length", "5"], "no sequence of at most 5 nt"),
        (["--structures", "x.dbn", "--with-s1", "--method", "runs"], "method runs has no S1"),
        (["--structures", "x.dbn", "--structure-set", "ts0"], "no set 'ts0'"),
    ],
)
def test_bad_flags_are_one_line(files, capsys, monkeypatch, flags, message):
    monkeypatch.chdir(files)
    assert run(files, *flags) == (2, None)
    assert message in capsys.readouterr().err.splitlines()[-1]
