"""The verb ``dataset``: windows of files and of the synthetic model, its counts, its resume."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket
from boxfold.features.synthetic import synthetic_sequence
from boxfold.rewards.energy import EnergyModel
from boxfold.rewards.ensemble import ensemble
from boxfold.s1 import dataset as dataset_module
from boxfold.s1.tables import DATASET_TYPES, read_dataset
from boxfold.scripts import dataset as verb


@pytest.fixture
def fasta(tmp_path):
    """Eight genes of two isoforms on two chromosomes, and one transcript without structure."""
    rng = np.random.default_rng(0)
    lines = []
    for gene in range(8):
        seq = synthetic_sequence(240, rng)
        for isoform, text in enumerate((seq, seq[:100] + seq[140:])):
            lines.append(f">t{gene}.{isoform} chrom=chr{1 + gene % 2} gene=g{gene}\n{text}\n")
    lines.append(f">flat chrom=3 gene=flat\n{'A' * 40}\n")
    lines.append(f">holes chrom=3 gene=holes\n{'N' * 30}{synthetic_sequence(70, rng)}\n")
    path = tmp_path / "t.fa"
    path.write_text("".join(lines))
    return path


@pytest.fixture
def build(tmp_path, capsys):
    """Runs the verb; gives exit code, table and lines. Each flag may be anything with a str."""

    def run(*flags, out="d.parquet"):
        code = verb.main([*map(str, flags), "--out", str(tmp_path / out)])
        captured = capsys.readouterr()
        table = read_dataset(tmp_path / out) if code < 2 else None
        return code, table, (captured.out + captured.err).splitlines()

    return run


def test_rows_are_the_folded_windows(build, fasta):
    code, table, lines = build("--fasta", fasta, "--length", 40, "--count", 20, "--shuffles", 1)
    assert code == 0 and list(table) == list(DATASET_TYPES)
    windows = table[table["source"] == "transcript"]
    assert len(windows) == 20 and (table["source"] == "shuffle").sum() > 15
    for row in table.to_dict("records"):
        folded = ensemble(row["sequence"])
        assert row["dot_bracket"] == dot_bracket(folded.base_pairs, 40)
        measured = (row["free_energy"], row["mfe_frequency"], row["ensemble_diversity"])
        assert measured == (folded.free_energy, folded.mfe_frequency, folded.diversity)
    assert set(windows["chromosome"]) <= {"chr1", "chr2", "chr3"}
    assert lines[0] == "transcripts: before 18, after 18 (at least 40 nt), in 10 groups"
    shuffles = table[table["source"] == "shuffle"]
    parents = windows.set_index("id").loc[shuffles["id"].str.removesuffix("/shuffle1")]
    assert parents["group"].tolist() == shuffles["group"].tolist()
    assert parents["split"].tolist() == shuffles["split"].tolist()


def words(table: pd.DataFrame) -> list[set[str]]:
    return [{seq[k : k + 20] for k in range(len(seq) - 19)} for seq in table["sequence"]]


def test_all_there_is_no_shared_words_and_whole_groups(build, fasta):
    flags = ("--fasta", fasta, "--length", "25-45", "--count", 9999, "--split", 0.7)
    code, table, lines = build(*flags)
    assert code == 0
    shared = sum(map(len, words(table))) - len(set().union(*words(table)))
    assert shared == 0
    assert table.groupby("group")["split"].nunique().max() == 1
    assert set(table["split"]) == {"train", "validation"}
    assert f"9999 windows were wanted, the sources hold only {len(table)}" in lines
    dropped = next(line for line in lines if line.startswith("windows dropped before folding"))
    counts = [int(word.split()[-1]) for word in dropped.split(",")]
    assert len(counts) == 3 and counts[0] > 0 and counts[2] > 0


def test_windows_without_a_pair_and_with_a_rare_structure_are_counted(build, fasta):
    flags = ("--fasta", fasta, "--length", 40, "--count", 999)
    _, everything, lines = build(*flags, "--chromosomes", 3, 1)
    told = next(line for line in lines if "MFE has a pair" in line)
    before, after = map(int, re.findall(r"\d+", told))
    assert after == len(everything) == before - 1  # the window of A
    _, common, lines = build(
        *flags, "--chromosomes", "chr3", "chr1", "--min-mfe-frequency", 0.2, out="common"
    )
    expected = everything[everything["mfe_frequency"] >= 0.2]
    assert common["id"].tolist() == expected["id"].tolist()
    assert 0 < len(common) < len(everything)
    assert f"windows: before {after}, after {len(common)} (MFE frequency >= 0.2)" in lines


def test_only_the_wanted_chromosomes(build, fasta):
    flags = ("--fasta", fasta, "--length", 30, "--count", 10)
    code, table, lines = build(*flags, "--chromosomes", "2")
    assert set(table["chromosome"]) == {"chr2"}
    assert lines[0] == "transcripts: before 18, after 8 (chromosomes)"
    code, _, lines = build(*flags, "--chromosomes", "chr7", out="e")
    assert code == 2
    expected = "no transcript on chr7; chromosomes there are: chr1, chr2, chr3"
    assert lines == [f"boxfold dataset: error: {expected}"]


def test_synthetic_windows_supply_what_transcripts_lack(build, fasta):
    flags = ("--fasta", fasta, "--length", 60, "--count", 60, "--synthetic")
    _, table, _ = build(*flags, "--chromosomes", 1)
    assert len(table) == 60
    first_synthetic = table["source"].tolist().index("synthetic")
    assert 4 < first_synthetic < 30
    assert set(table["source"][first_synthetic:]) == {"synthetic"}
    assert table["id"][first_synthetic] == "synthetic:0"


def test_windows_of_a_genome_are_spliced(build, tmp_path):
    seq = synthetic_sequence(300, np.random.default_rng(1)).replace("U", "T")
    (tmp_path / "g.fa").write_text(f">chr5\n{seq}\n")
    names = 'gene_id "g"; transcript_id'
    exons = [(1, 60, "t"), (201, 260, "t"), (290, 310, "beyond")]
    (tmp_path / "a.gtf").write_text(
        "".join(f'5\tx\texon\t{a}\t{b}\t.\t+\t.\t{names} "{name}";\n' for a, b, name in exons)
    )
    source = ("--genome", tmp_path / "g.fa", "--annotation", tmp_path / "a.gtf")
    code, table, lines = build(*source, "--length", 100, "--count", 1, "--chromosomes", "5")
    spliced = (seq[:60] + seq[200:260]).replace("T", "U")
    assert code == 1 and "transcript 'beyond': exon 290-310 lies outside chr5" in lines[-1]
    start = int(table["id"][0].removeprefix("t:").partition("-")[0])
    assert table["sequence"][0] == spliced[start : start + 100]
    assert (table["group"][0], table["chromosome"][0]) == ("t", "chr5")


def test_samples_of_one_sequence_stay_together(build):
    _, table, _ = build("--synthetic", "--length", 30, "--count", 12, "--structures", 4)
    assert table["sequence"].nunique() == 12 and len(table) > 36
    for seq, part in table.groupby("sequence"):
        assert part["sample"].tolist() == list(range(len(part))) and len(part) <= 4
        assert part["dot_bracket"].nunique() == len(part) and part["split"].nunique() == 1
        for text, energy in zip(part["dot_bracket"], part["free_energy"], strict=True):
            assert EnergyModel(seq).free_energy(base_pairs_from_dot_bracket(text)) == energy
            assert "(" in text


def test_limit_is_a_seeded_subset_of_the_training_split(build):
    flags = ("--synthetic", "--length", 20, "--count", 40, "--split", 0.75, "--seed", 3)
    _, everything, _ = build(*flags, out="all")
    _, table, lines = build(*flags, "--limit", 5)
    train = everything[everything["split"] == "train"]
    expected = train.sample(frac=1, random_state=3)["id"][:5].tolist()
    assert table[table["split"] == "train"]["id"].tolist() == expected
    assert (table["split"] == "validation").sum() == 10
    assert "training split: before 30, after 5 (limit 5)" in lines


def test_same_bytes_whatever_the_jobs_and_other_bytes_for_another_seed(build, fasta, tmp_path):
    flags = ("--fasta", fasta, "--synthetic", "--length", "20-40", "--count", 60, "--shuffles", 1)
    build(*flags, "--seed", 1, out="one")
    build(*flags, "--seed", 1, "--jobs", 2, out="two")
    build(*flags, "--seed", 2, out="other")
    one, two, other = ((tmp_path / name).read_bytes() for name in ("one", "two", "other"))
    assert one == two != other
    assert not list(tmp_path.glob("*.parts"))


def test_killed_and_resumed_gives_the_same_bytes_without_folding_again(
    build, tmp_path, monkeypatch
):
    flags = ["--synthetic", "--length", "40", "--count", "300"]
    out, parts = tmp_path / "d.parquet", tmp_path / "d.parquet.parts"
    command = [sys.executable, "-m", "boxfold.scripts.dataset", *flags, "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (parts / "00000.parquet").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    n_finished = len(list(parts.glob("0*.parquet")))
    assert n_finished >= 1 and not out.exists()
    code, _, lines = build(*flags)
    assert code == 2 and "continue it with --resume" in lines[0]
    code, _, lines = build(*flags, "--resume", "--seed", 5)
    assert code == 2 and "had seed = 0, this one has 5" in lines[0]

    folded = []
    fold = dataset_module._fold

    def counted(families, *rest):
        folded.append(len(families))
        return fold(families, *rest)

    monkeypatch.setattr(dataset_module, "_fold", counted)
    code, table, lines = build(*flags, "--resume")
    assert code == 0 and len(table) == 300
    assert f"resumed: {n_finished} finished shards in {parts}" in lines
    assert sum(folded) == 150 * (len(folded)) and len(folded) <= 3 - n_finished
    assert not parts.exists()
    build(*flags, out="whole")
    assert (tmp_path / "whole").read_bytes() == out.read_bytes()
    code, _, lines = build(*flags, "--resume")
    assert code == 2 and "exists already" in lines[0]


def test_a_search_without_success_ends(build):
    code, _, lines = build("--synthetic", "--length", 6, "--count", 3)
    assert code == 2 and lines[-1].endswith("no window was accepted, so no data set is written")


def test_bad_records_are_named_and_the_others_used(build, fasta):
    with fasta.open("a") as handle:
        handle.write(">bad chrom=1 gene=b\nAC!GT\n")
    code, table, lines = build("--fasta", fasta, "--length", 30, "--count", 5)
    assert code == 1 and len(table) == 5
    assert "record 'bad'" in lines[-1] and "letter '!'" in lines[-1]  # on stderr


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("--count 5", "no source given"),
        ("--synthetic", "--count"),
        ("--synthetic --count 0", "'0' is too small"),
        ("--synthetic --count -4", "at least 1"),
        ("--synthetic --count 5 --jobs 0", "'0' is too small"),
        ("--synthetic --count 5 --threads 0", "'0' is too small"),
        ("--synthetic --count 5 --length 200-20", "'200-20' is reversed (write 20-200)"),
        ("--synthetic --count 5 --length 0", "'0' is too small"),
        ("--synthetic --count 5 --split 1.5", "out of range (0 to 1)"),
        ("--synthetic --count 5 --min-mfe-frequency nan", "out of range"),
        ("--synthetic --count 5 --structures -1", "at least 0"),
        ("--synthetic --count 5 --chromosomes 9", "selects from --fasta or --genome"),
        ("--genome g.fa --count 5", "--genome and --annotation are needed together"),
        ("--annotation a.gtf --count 5", "--genome and --annotation are needed together"),
        ("--fasta no_such.fa --count 5", "no_such.fa: can't be read"),
        ("--fasta . --count 5", ".: can't be read"),
    ],
)
def test_bad_flags_give_one_line(build, tmp_path, monkeypatch, flags, reason):
    monkeypatch.chdir(tmp_path)
    code, _, lines = build(*flags.split())
    assert code == 2 and len(lines) == 1
    assert lines[0].startswith("boxfold dataset: error: ") and reason in lines[0]
    assert os.listdir(tmp_path) == []


def test_unwritable_output(build, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, lines = build("--synthetic", "--count", 5, out="file/d.parquet")
    assert code == 2 and len(lines) == 1 and "can't be written" in lines[0]
