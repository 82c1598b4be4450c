"""Verb ``rescore-s1``: add a rescorer to a trained proposal network."""

import argparse
import dataclasses
import sys
from collections.abc import Sequence

from boxfold.features.errors import InputError
from boxfold.features.files import check_writable
from boxfold.s1.rescoring_fit import RescoringConfig
from boxfold.scripts.common import progress, verb_main
from boxfold.scripts.overrides import add_override_arguments, overridden

DESCRIPTION = (
    "Fit a small network that scores proposed boxes a second time, from their rivals and the "
    "loops at their ends, and write the weights of S1 with it. Uses the rows of split "
    "'validation', which S1 did not train on; scores become calibrated probabilities."
)
EXAMPLE = "boxfold rescore-s1 --s1 runs/s1 --data windows.parquet --out s1.safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of this verb."""
    parser.add_argument("--s1", required=True, metavar="RUN", help="run folder or weights file")
    parser.add_argument("--data", nargs="+", required=True, help="tables of `boxfold dataset`")
    parser.add_argument("--out", required=True, metavar="W.safetensors", help="weights file")
    add_override_arguments(parser, {"rescoring": RescoringConfig()})


def run(args: argparse.Namespace) -> int:
    """Fit and write."""
    from boxfold.s1.model import S1Model
    from boxfold.s1.rescoring_fit import BoxSample, with_rescorer
    from boxfold.s1.run_folder import save_tensors
    from boxfold.s1.tables import read_dataset
    from boxfold.s1.training import KIND
    from boxfold.scripts.train_s1 import examples

    check_writable(args.out, args.overwrite)
    config = overridden(RescoringConfig(), args, seed=args.seed)
    model = S1Model.load(args.s1)
    frames = [read_dataset(path) for path in args.data]
    held_out = [e for frame in frames for e in examples(frame[frame["split"] == "validation"])]
    if not held_out:
        raise InputError(f"{', '.join(args.data)}: no rows of split 'validation'")
    sample = BoxSample(model, held_out, lambda it: progress(it, len(held_out), "sequences"))
    network = with_rescorer(model.network, sample, config)
    meta = {
        "kind": KIND,
        "network": dataclasses.asdict(network.config),
        "rescoring": {**dataclasses.asdict(config), "sequences": len(held_out)},
    }
    save_tensors(args.out, network.state_dict(), meta)
    print(f"fitted on the candidates of {len(held_out)} sequences, wrote {args.out}")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return verb_main(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main())
