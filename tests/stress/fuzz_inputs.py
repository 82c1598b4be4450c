"""Inputs of readers for hypothesis: anything, words of the format, and seeds with some damage."""

from fuzz_targets import Target
from hypothesis import strategies as st

_NUMBERS = ("0", "-1", "1e400", "nan", "9" * 400, "9" * 5000, "²", "٣", "1_0", "\ud800", "\0", " ")


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Bytes for one reader."""
    words = st.sampled_from([_encoded(word) for word in (*target.words, *_NUMBERS)])
    piece = words | st.binary(max_size=8) | st.text(max_size=4).map(_encoded)
    joined = st.lists(piece, max_size=30).map(b"".join)
    seed = st.sampled_from(target.seeds())
    return st.binary(max_size=200) | joined | _damaged(seed, piece) | _damaged(seed, piece)


@st.composite
def _damaged(draw: st.DrawFn, seeds: st.SearchStrategy[bytes], pieces: st.SearchStrategy) -> bytes:
    """A seed in which some stretches are left out, doubled or replaced."""
    data = draw(seeds)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 6) | st.integers(0, len(data)))
        between = draw(st.just(b"") | pieces | st.just(data[start:end] * 2))
        data = data[:start] + between + data[end:]
    return data


def _encoded(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")
