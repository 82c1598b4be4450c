"""Cut a table of structures in two parts that stay the same whatever the order of its rows.

    python benchmarks/halves.py ../shared/data/bprna_vl0.csv.gz data/vl0_a.csv data/vl0_b.csv

Two thirds by the CRC-32 of the id go to the first part, a third to the second one.
"""

import argparse
import zlib
from pathlib import Path

import pandas as pd

from boxfold.features.files import atomic_path


def main() -> None:
    """Read, cut, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("table", "first", "second"):
        parser.add_argument(name, type=Path)
    args = parser.parse_args()
    frame = pd.read_csv(args.table)
    in_second = frame["id"].map(lambda name: zlib.crc32(str(name).encode()) % 3 == 0)
    for path, rows in ((args.first, frame[~in_second]), (args.second, frame[in_second])):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            rows.to_csv(temporary, index=False)
        print(f"wrote {path}: {len(rows)} rows")


if __name__ == "__main__":
    main()
