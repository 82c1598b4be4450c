"""Bad flags, tables, weights and runs get one clear line."""

import re

import pandas as pd
import pytest

from boxfold.features.checksum import UNSEALED, seal
from boxfold.scripts import cli


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "good.fa"
    path.write_text(">good\nGGGGAAAACCCC\n")
    return path


@pytest.mark.parametrize("verb", cli.VERBS)
@pytest.mark.parametrize(
    "flags, part",
    [
        (["--threads", "0"], "'0' is too small (at least 1)"),
        (["--threads", "many"], "'many' is not an integer"),
        (["--seed", "-3"], "'-3' is too small (at least 0)"),
        (["--colour", "red"], ""),
    ],
    ids=["no thread", "threads", "seed", "unknown flag"],
)
def test_bad_shared_flags(verb, flags, part, call):
    assert call(verb, *flags).is_one_line(verb, part)


@pytest.mark.parametrize(
    "flags, part",
    [
        (["--length", "200-20"], "reversed"),
        (["--length", "0"], "too small"),
        (["--count", "0"], "too small"),
        (["--count", "x"], "not an integer"),
        (["--min-mfe-frequency", "1.5"], "out of range"),
        (["--split", "2"], "out of range"),
        (["--jobs", "0"], "too small"),
        (["--limit", "0"], "too small"),
        (["--genome", "g.fa"], "--annotation"),
    ],
)
def test_bad_flags_of_dataset(flags, part, tmp_path, call):
    out = tmp_path / "out.parquet"
    base = [] if "--genome" in flags else ["--synthetic"]
    count = [] if "--count" in flags else ["--count", "3"]
    assert call("dataset", *base, *count, *flags, "--out", out).is_one_line("dataset", part)
    assert not out.exists()


def test_dataset_without_a_source(tmp_path, call):
    result = call("dataset", "--count", "3", "--out", tmp_path / "out.parquet")
    assert result.is_one_line("dataset", "no source")


def test_more_windows_than_exist_ends_with_counts(tmp_path, call):
    fasta, out = tmp_path / "small.fa", tmp_path / "out.parquet"
    fasta.write_text(">t\n" + "GGGCCAAAGACCUUGAAAGGUCAACCUGGCCCUUAAGCGAUCGAUUAGCC" * 2 + "\n")
    flags = ["--length", "40", "--count", "50", "--split", "1"]
    code, text, err = call("dataset", "--fasta", fasta, *flags, "--out", out)
    assert code == 0, err
    assert "50" in text + err
    assert 0 < len(pd.read_parquet(out)) < 50


def test_exons_past_the_end_of_their_sequence(tmp_path, call):
    genome, gtf = tmp_path / "genome.fa", tmp_path / "genes.gtf"
    genome.write_text(">chr9\n" + "GGGCCAAAGACCUUGAAAGGUCAACCUGGCCCUUAAGCGAUCGA" * 5 + "\n")
    line = 'chr9\tx\texon\t{}\t{}\t.\t+\t.\tgene_id "{g}"; transcript_id "{g}t";\n'
    gtf.write_text(line.format(1, 120, g="good") + line.format(100, 9999, g="beyond"))
    out = tmp_path / "out.parquet"
    flags = ["--genome", genome, "--annotation", gtf, "--length", "40", "--count", "2"]
    code, _, err = call("dataset", *flags, "--split", "1", "--out", out)
    assert code == 1, err
    assert "beyond" in err
    assert len(pd.read_parquet(out)) == 2


# CSV input of evaluate-s1 and propose: the dot_bracket column.
BAD_STRUCTURES = {
    "unbalanced": ("((....)", "unbalanced"),
    "wrong length": ("((....))", "8"),
    "other character": ("((.x...", "x"),
}


@pytest.mark.parametrize("structure, part", BAD_STRUCTURES.values(), ids=BAD_STRUCTURES.keys())
def test_bad_dot_brackets(structure, part, tmp_path, call):
    path, out = tmp_path / "table.csv", tmp_path / "out.parquet"
    path.write_text(f"id,sequence,dot_bracket\na,GGAAACC,((...))\nbad,GGAAACC,{structure}\n")
    code, _, err = call("propose", "--data", path, "--method", "runs", "--out", out)
    assert code in (1, 2)
    assert "bad" in err and part in err
    assert "Traceback" not in err


def test_csv_without_the_columns(tmp_path, call):
    path = tmp_path / "table.csv"
    path.write_text("name,seq\na,GGAAACC\n")
    result = call("propose", "--data", path, "--method", "runs", "--out", tmp_path / "o.parquet")
    assert result.is_one_line("propose", "sequence")


@pytest.mark.parametrize(
    "flags",
    [["evaluate"], ["train-agent", "--algorithm", "clone"], ["train-supervised"]],
    ids=lambda flags: flags[0],
)
def test_a_data_set_is_no_table_of_proposals(flags, tmp_path, windows, call):
    result = call(*flags, "--data", windows, "--out", tmp_path / "out")
    assert result.is_one_line(flags[0], "schema")


@pytest.mark.parametrize("verb", ["evaluate", "train-s1", "train-supervised", "propose"])
def test_a_parquet_of_another_origin(verb, tmp_path, call):
    other = tmp_path / "other.parquet"
    pd.DataFrame({"id": ["a"], "sequence": ["GGAAACC"]}).to_parquet(other)
    assert call(verb, "--data", other, "--out", tmp_path / "out").is_one_line(verb, "schema")


@pytest.mark.parametrize("damage", ["truncated", "text", "missing", "of an agent"])
def test_bad_weights(damage, fasta, tmp_path, untrained_s1, call):
    weights = tmp_path / "w.safetensors"
    content = untrained_s1.read_bytes()
    if damage == "truncated":
        weights.write_bytes(content[: len(content) // 2])
    elif damage == "text":
        weights.write_text("no weights")
    elif damage == "of an agent":
        weights.write_bytes(content.replace(rb"\"kind\": \"s1\"", rb"\"kind\": \"xx\""))
    result = call("predict", fasta, "--s1", weights, "--agent", "beam")
    assert result.is_one_line("predict", str(weights))
    if damage != "of an agent":
        result = call("predict", fasta, "--s1", untrained_s1, "--agent", weights)
        assert result.is_one_line("predict", "w.safe")


def test_weights_of_another_version(fasta, tmp_path, untrained_s1, call):
    weights = tmp_path / "w.safetensors"
    content = untrained_s1.read_bytes()
    newer = content.replace(rb"\"format_version\": 1", rb"\"format_version\": 9")
    assert newer != content
    weights.write_bytes(re.sub(rb"boxfold-sha256-\w{64}", UNSEALED.encode(), newer))
    seal(weights)
    result = call("predict", fasta, "--s1", weights, "--agent", "beam")
    assert result.is_one_line("predict", "format 9", "needed: 1")


def test_s1_weights_are_no_agent(fasta, untrained_s1, call):
    result = call("predict", fasta, "--s1", untrained_s1, "--agent", untrained_s1)
    assert result.is_one_line("predict", "untrained.safetensors")


def test_an_unknown_agent_lists_the_choices(fasta, tmp_path, predict, call, proposals):
    result = predict(fasta, agent="beem")
    assert result.is_one_line("predict", "'beam'", "greedy-energy")
    result = call("evaluate", "--data", proposals, "--agents", "beem", "--out", tmp_path / "o")
    assert result.is_one_line("evaluate", "'beam'")


def test_output_that_cannot_be_written(fasta, tmp_path, predict, call, windows):
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    for out in (tmp_path, blocker / "below.dbn"):
        assert predict(fasta, "--out", out).is_one_line("predict", str(out))
    flags = ["--data", windows, "--method", "runs", "--out", blocker / "p.parquet"]
    assert call("propose", *flags).is_one_line("propose", "can't be written")
    assert blocker.read_text() == "in the way"


def test_finished_runs_and_other_configs_do_not_resume(tmp_path, windows, call):
    out = tmp_path / "run"
    small = ["--channels", "4", "--n-blocks", "1", "--epochs", "1", "--epoch-examples", "8"]
    flags = ["train-s1", "--data", windows, *small, "--out", out]
    assert call(*flags)[0] == 0
    assert call(*flags, "--resume").is_one_line("train-s1", "finished")
    assert call(*flags).is_one_line("train-s1", "exists already")
    (out / "finished").unlink()
    result = call(*flags, "--resume", "--learning-rate", "0.5")
    assert result.is_one_line("train-s1", "another config", "learning_rate")


def test_resume_of_a_folder_that_is_no_run(tmp_path, windows, call):
    (tmp_path / "notes.txt").write_text("mine")
    result = call("train-s1", "--data", windows, "--out", tmp_path, "--resume")
    assert result.is_one_line("train-s1", "no run folder")
    result = call("train-s1", "--data", windows, "--out", tmp_path, "--overwrite")
    assert result.is_one_line("train-s1", "exists already")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_loss_that_is_no_number_stops_with_one_line(tmp_path, windows, call):
    small = ["--channels", "4", "--n-blocks", "1", "--epochs", "2", "--epoch-examples", "40"]
    rate = ["--learning-rate", "1e30", "--gradient-clip", "1e30"]
    result = call("train-s1", "--data", windows, *small, *rate, "--out", tmp_path / "run")
    assert result.is_one_line("train-s1", "loss")


def test_sequences_without_any_box(tmp_path, call):
    table, boxes, run = tmp_path / "table.csv", tmp_path / "boxes.parquet", tmp_path / "run"
    rows = "".join(f"s{k},{'A' * (14 + k)},{'.' * (14 + k)}\n" for k in range(3))
    table.write_text("id,sequence,dot_bracket\n" + rows)
    assert call("propose", "--data", table, "--method", "runs", "--out", boxes).code == 0
    clone = ["--algorithm", "clone", "--epochs", "1", "--embed-dim", "16"]
    assert call("train-agent", "--data", boxes, *clone, "--out", run).code == 0
    agents = ["random", "greedy-s1", "greedy-energy", "beam", "annealing", "exact", "rnafold", run]
    flags = ["--agents", *agents, "--samples", "2", "--out", tmp_path / "out"]
    assert call("evaluate", "--data", boxes, *flags).code == 0
    found = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert (found[["validity", "f1", "exact"]] == 1).all(axis=None)
    assert (found[["free_energy", "energy_gap"]] == 0).all(axis=None)
