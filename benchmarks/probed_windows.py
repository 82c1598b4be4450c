"""Give windows with boxes simulated reactivities, of a structure that is not the best one.

    python benchmarks/probed_windows.py data/set_b_boxes.parquet data/set_b_probed.parquet

Each profile is drawn (`boxfold.features.probing_noise`) for a structure sampled from the window's
Boltzmann ensemble, which so becomes the reference: what an experiment sees is not the minimum of
free energy, so a reward that weighs both has no teacher.
"""

import argparse
import zlib

import numpy as np

from boxfold.features.probing_noise import simulated_reactivity
from boxfold.features.structure import dot_bracket
from boxfold.rewards.energy import EnergyModel, sample_structures
from boxfold.s1.tables import read_proposals, write_proposals


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("boxes", help="proposals table")
    parser.add_argument("out", help="the same with column reactivity")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    frame = read_proposals(args.boxes)
    profiles, structures, energies = [], [], []
    for name, seq in zip(frame["id"], frame["sequence"], strict=True):
        seed = [args.seed, zlib.crc32(name.encode())]  # a window's profile is its own
        rng = np.random.default_rng(seed)
        (pairs,) = sample_structures(seq, 1, int(rng.integers(2**31)))
        profiles.append(simulated_reactivity(pairs, len(seq), rng))
        structures.append(dot_bracket(pairs, len(seq)))
        energies.append(EnergyModel(seq).free_energy(pairs))
    columns = {"dot_bracket": structures, "free_energy": energies, "reactivity": profiles}
    write_proposals(frame.assign(**columns), args.out)
    print(f"wrote {args.out}: {len(frame)} windows")


if __name__ == "__main__":
    main()
