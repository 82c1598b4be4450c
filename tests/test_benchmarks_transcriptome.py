import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.usefixtures("benchmarks")
BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
RATES = pd.DataFrame({"length": [100, 200], "seconds": [1.0, 8.0], "peak_mb": [300, 500]})


def test_seconds_follow_a_power_law_between_measured_lengths():
    from transcriptome import Rates

    rates = Rates(RATES[::-1])
    between = np.sqrt(100 * 200)  # the middle of logarithms
    assert rates.seconds(np.array([100, between, 200])) == pytest.approx([1, np.sqrt(8), 8])
    assert rates.seconds(np.array([50])) == pytest.approx([0.5])
    assert rates.megabytes(150) == 400
    with pytest.raises(ValueError, match="measured up to 200 nt"):
        rates.seconds(np.array([201]))


def test_a_transcriptome_is_scaled_from_its_sample(monkeypatch):
    import transcriptome

    monkeypatch.setattr(transcriptome, "WHOLE", (100, 200, 400))
    # up to 100 whole: 100, and 200 in three windows of 100: 4 s; up to 200 whole: 1 + 8 s
    found = transcriptome.table(transcriptome.Rates(RATES), np.array([100, 200]), 7200)
    assert found["whole_up_to"].tolist() == [100, 200]
    assert found["cut_share"].tolist() == [0.5, 0]
    assert found["pieces"].tolist() == [4 * 3600, 2 * 3600]
    assert found["hours_1_cores"].tolist() == pytest.approx([4, 9])
    assert found["hours_1000_cores"].tolist() == pytest.approx([0.004, 0.009])


def test_windows_cover_a_sequence():
    from fasta_shards import windows_of

    assert windows_of(27, 10) == [(0, 10), (5, 15), (10, 20), (15, 25), (17, 27)]
    assert windows_of(3, 1) == [(0, 1), (1, 2), (2, 3)]


def test_shards_keep_the_order_and_share_the_work(tmp_path):
    fasta = tmp_path / "all.fa"
    seqs = ["ACGUACGU", "GG", "AAAA", "CCCCCCCCCC", "U"]
    fasta.write_text("".join(f">r{k}\n{seq}\n" for k, seq in enumerate(seqs)) + ">bad\nA-C\n")
    flags = [str(fasta), str(tmp_path / "shards"), "--shards", "3", "--max-length", "8"]
    command = [sys.executable, str(BENCHMARKS / "fasta_shards.py"), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "6 pieces in 3 shards of 1 to 3\n"
    assert done.stderr.startswith(f"{fasta}: record 'bad'") and done.stderr.count("\n") == 1
    # work 64, 4, 16, 64 and 64 of the windows of r3, and 1: a third is 71
    shards = [path.read_text() for path in sorted((tmp_path / "shards").iterdir())]
    assert shards == [
        ">r0\nACGUACGU\n>r1\nGG\n>r2\nAAAA\n",
        ">r3:0-8\nCCCCCCCC\n",
        ">r3:2-10\nCCCCCCCC\n>r4\nU\n",
    ]


def test_more_shards_than_pieces_are_empty():
    from fasta_shards import shares

    assert list(shares([("a", "ACGU")], 16, 3)) == [[">a\nACGU\n"], [], []]
    assert list(shares([("a", "AC"), ("b", "GU")], 8, 2)) == [[">a\nAC\n"], [">b\nGU\n"]]


def test_streamed_files_have_one_chunk_of_so_many_to_predict(tmp_path):
    from streaming import write_fasta

    write_fasta(tmp_path / "x.fa", 100, every=3)
    lengths = [len(line) for line in (tmp_path / "x.fa").read_text().split()[1::2]]
    assert all(12 <= n <= 16 for n in lengths[:32]) and set(lengths[32:96]) == {4}
    assert all(12 <= n <= 16 for n in lengths[96:])
