r"""What a transcriptome costs, from measured seconds and memory by length.

python benchmarks/predict_length.py --s1 real --agent judge --lengths 100 300 600 1000 2000 3000 \
    --hundreds 0 --out runs/rates
python benchmarks/transcriptome.py --rates runs/rates/predict_length.csv \
    --fasta human_transcripts.fa.gz --transcripts 250000

The lengths of the FASTA files stand for those of all transcripts. Between two measured lengths the
seconds follow a power law; longer sequences than measured are cut into windows, shorter ones cost
what the shortest does, in proportion to their length. Windows overlap by half.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from fasta_shards import windows_of

from boxfold.features.fasta import read_fasta

CORES = (1, 100, 1000)
WHOLE = (600, 1000, 2000, 3000)
"""Longest sequences that are predicted whole; of longer ones, windows of this length."""


class Rates:
    """Seconds and memory by length, of a table of `benchmarks/predict_length.py`.

    Parameters
    ----------
    table : DataFrame
        Columns length, seconds, peak_mb.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        table = table.sort_values("length")
        self.lengths = table["length"].to_numpy(dtype=float)
        self._seconds, self._mb = table["seconds"].to_numpy(), table["peak_mb"].to_numpy()

    def seconds(self, lengths: np.ndarray) -> np.ndarray:
        """Of one core, for each sequence.

        Raises
        ------
        ValueError
            If one is longer than what was measured.
        """
        if lengths.max(initial=0) > self.lengths[-1]:
            raise ValueError(f"measured up to {self.lengths[-1]:.0f} nt")
        clipped = np.maximum(lengths, self.lengths[0])
        known = np.exp(np.interp(np.log(clipped), np.log(self.lengths), np.log(self._seconds)))
        return known * np.minimum(lengths / self.lengths[0], 1)

    def megabytes(self, length: int) -> float:
        """Peak of a process whose longest sequence has this length."""
        return float(np.interp(length, self.lengths, self._mb))


def sequence_lengths(paths: Sequence[str]) -> np.ndarray:
    """Lengths of all records."""
    return np.array([len(record.seq) for path in paths for record in read_fasta(path, print)])


def pieces(lengths: np.ndarray, whole: int) -> np.ndarray:
    """Lengths of what is predicted: sequences, and windows of those longer than `whole`."""
    cut = [stop - start for n in lengths.tolist() for start, stop in windows_of(n, whole)]
    return np.array(cut)


def table(rates: Rates, lengths: np.ndarray, transcripts: int) -> pd.DataFrame:
    """Core hours and hours on `CORES` for each of `WHOLE` that was measured."""
    rows = []
    for whole in (each for each in WHOLE if each <= rates.lengths[-1]):
        cut = pieces(lengths, whole)
        scale = transcripts / len(lengths)
        hours = rates.seconds(cut).sum() * scale / 3600
        row = {"whole_up_to": whole, "cut_share": float((lengths > whole).mean())}
        row |= {"pieces": round(len(cut) * scale), "mb_per_process": rates.megabytes(whole)}
        rows.append(row | {f"hours_{n}_cores": hours / n for n in CORES})
    return pd.DataFrame(rows)


def main() -> None:
    """Print the lengths and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", required=True, help="CSV of benchmarks/predict_length.py")
    parser.add_argument("--fasta", nargs="+", required=True, help="transcripts")
    parser.add_argument("--transcripts", type=int, default=250_000, help="how many there are")
    parser.add_argument("--out", help="CSV of the table")
    args = parser.parse_args()
    known = pd.read_csv(args.rates)
    lengths = sequence_lengths(args.fasta)
    quantiles = np.quantile(lengths, (0.05, 0.25, 0.5, 0.75, 0.95, 1)).round().astype(int)
    print(f"{len(lengths)} transcripts, mean {lengths.mean():.0f} nt, quantiles {quantiles}")
    for tool, of_tool in known.groupby("tool", sort=False):
        found = table(Rates(of_tool), lengths, args.transcripts)
        print(f"{tool}\n{found.to_string(index=False, float_format='%.3g')}")
        if args.out and tool == "boxfold":
            found.to_csv(Path(args.out), index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
