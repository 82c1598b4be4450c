import pandas as pd
import pytest

from boxfold.agents.peers import read_peers
from boxfold.features.errors import InputError
from boxfold.features.proposals import run_proposals
from boxfold.s1.tables import proposals_to_columns, write_proposals
from boxfold.scripts import evaluate

TABLE = """set,id,tool,dot_bracket
one,a,fast,(((....)))
one,a,good,((......))
two,a,good,..........
two,b,good,..........
"""


@pytest.fixture
def peers(tmp_path):
    path = tmp_path / "peers.csv"
    path.write_text(TABLE)
    return path


def test_sets_and_tools(peers):
    lines: list[str] = []
    assert [agent.name for agent in read_peers(peers, "one", lines.append)] == ["fast", "good"]
    (good,) = read_peers(peers, "two", lines.append)
    assert good.structures == {"a": ".........." , "b": ".........."}  # fmt: skip
    assert lines == []
    agents = read_peers(peers, None, lines.append)
    assert agents[1].structures["a"] == "((......))"
    assert len(lines) == 1 and "record 'a' of good occurs twice" in lines[0]


@pytest.mark.parametrize(
    ("text", "peer_set", "message"),
    [
        (TABLE, "three", "no set 'three' (it has one, two)"),
        ("id,tool\na,b\n", None, "no column 'dot_bracket'"),
        ("id,tool,dot_bracket\na,b,.\n", "one", "no column 'set'"),
        ("", None, "no CSV table"),
    ],
)
def test_bad_files_are_one_line(tmp_path, text, peer_set, message):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_peers(path, peer_set, print)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_peers(tmp_path / "no.csv", None, print)


def test_the_verb_measures_peers_beside_agents(peers, tmp_path, capsys):
    seq = "GGGAAAACCC"
    rows = [
        {"id": name, "sequence": seq, "dot_bracket": "(((....)))"}
        | proposals_to_columns(run_proposals(seq, 8))
        for name in ("a", "b")
    ]
    write_proposals(pd.DataFrame(rows), tmp_path / "p.parquet")
    flags = ["--data", str(tmp_path / "p.parquet"), "--out", str(tmp_path / "out"), "--overwrite"]
    with_peers = [*flags, "--peers", str(peers), "--peer-set", "one"]
    assert evaluate.main([*with_peers, "--agents", "exact"]) == 0
    summary = pd.read_csv(tmp_path / "out" / "summary.csv").set_index("agent")
    assert summary.index.tolist() == ["exact", "fast", "good"]
    assert summary["n"].tolist() == [2, 1, 1]
    assert summary["f1"].round(3).tolist() == [1, 1, 0.8]
    assert evaluate.main([*with_peers, "--agents"]) == 0
    assert pd.read_csv(tmp_path / "out" / "summary.csv")["agent"].tolist() == ["fast", "good"]
    capsys.readouterr()
    assert evaluate.main([*flags, "--agents"]) == 2
    assert "at least one name" in capsys.readouterr().err
