"""Coverage-guided fuzzing of one reader: ``python tests/stress/fuzz.py NAME FOLDER SECONDS``.

FOLDER gets the corpus, and ``crash-*`` if an input makes the reader misbehave; the process then
ends with a code other than 0 and the traceback on standard error.
"""

import hashlib
import sys
from functools import cache
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["boxfold"]):
    from fuzz_targets import LONGEST_CALL, TARGETS, feed, scratch

    from boxfold.rewards import plugins

MAX_BYTES = 4096
# Each unknown name reads the metadata of every package: that would take all the time.
plugins._entry_points = cache(plugins._entry_points)


def main(name: str, folder: str, seconds: str) -> None:
    """Fuzz; does not return."""
    target = TARGETS[name]
    corpus = Path(folder) / "corpus"
    corpus.mkdir(exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha256(seed).hexdigest()).write_bytes(seed)
    dictionary = Path(folder) / "words"
    quoted = ["".join(f"\\x{byte:02x}" for byte in word.encode()) for word in target.words]
    dictionary.write_text("".join(f'"{word}"\n' for word in quoted))
    longest = max(MAX_BYTES, 2 * max(map(len, target.seeds())))
    options = {
        "max_total_time": seconds,
        "max_len": longest,
        "timeout": LONGEST_CALL,
        "seed": 1,
        "dict": dictionary,
        "artifact_prefix": f"{folder}/",
        "print_final_stats": 1,
        "rss_limit_mb": 3000,
    }
    flags = [f"-{option}={value}" for option, value in options.items()]
    with scratch() as inputs:
        atheris.Setup([sys.argv[0], *flags, str(corpus)], lambda data: feed(target, data, inputs))
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
