"""Give sequences with boxes simulated reactivities (`boxfold.features.probing_noise`).

    python benchmarks/probed_windows.py data/set_b_boxes.parquet data/set_b_probed.parquet
    python benchmarks/probed_windows.py data/tr0.parquet data/tr0_probed.parquet --known --share .33

Of windows each profile is drawn for a structure sampled from the Boltzmann ensemble, which
so becomes the reference: an experiment does not see the minimum of free energy, so a reward that
weighs both has no teacher. With --known it is drawn for the known structure, every second one by
the harsh noise, in the units of either.
"""

import argparse
import zlib

import numpy as np
import pandas as pd

from boxfold.features.probing_noise import HARSH, ProbingNoise, simulated_reactivity
from boxfold.features.structure import base_pairs_from_dot_bracket, dot_bracket
from boxfold.rewards.energy import EnergyModel, sample_structures
from boxfold.s1.tables import read_proposals, write_proposals


def rng_of(name: str, seed: int) -> np.random.Generator:
    """A profile is its sequence's own, whatever else is in the table."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def sampled_profile(name: str, seq: str, seed: int) -> dict[str, object]:
    """A structure of the ensemble, its energy and its profile."""
    rng = rng_of(name, seed)
    (pairs,) = sample_structures(seq, 1, int(rng.integers(2**31)))
    return {
        "dot_bracket": dot_bracket(pairs, len(seq)),
        "free_energy": EnergyModel(seq).free_energy(pairs),
        "reactivity": simulated_reactivity(pairs, len(seq), rng),
    }


def known_profile(name: str, seq: str, text: str, share: float, seed: int) -> list[float]:
    """A profile of a known structure; empty for those that get none."""
    rng = rng_of(name, seed)
    if rng.random() >= share:
        return []
    noise = HARSH if rng.random() < 0.5 else ProbingNoise()
    profile = simulated_reactivity(base_pairs_from_dot_bracket(text), len(seq), rng, noise)
    ways = (lambda p: p, lambda p: np.minimum(p, 1), lambda p: p / max(float(p.max()), 1e-6))
    return list(ways[rng.integers(3)](profile))


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("boxes", help="proposals table")
    parser.add_argument("out", help="the same with column reactivity")
    parser.add_argument("--known", action="store_true", help="of the known structures")
    parser.add_argument("--share", type=float, default=1.0, help="how many get a profile")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    frame = read_proposals(args.boxes)
    if args.known:
        each = zip(frame["id"], frame["sequence"], frame["dot_bracket"], strict=True)
        profiles = [known_profile(*row, args.share, args.seed) for row in each]
        columns = {"reactivity": profiles}
    else:
        each = zip(frame["id"], frame["sequence"], strict=True)
        columns = pd.DataFrame([sampled_profile(*row, args.seed) for row in each])
    write_proposals(frame.assign(**columns), args.out)
    n_profiles = sum(len(one) > 0 for one in columns["reactivity"])
    print(f"wrote {args.out}: {n_profiles} of {len(frame)} with a profile")


if __name__ == "__main__":
    main()
