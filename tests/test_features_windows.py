import numpy as np
import pytest

from boxfold.features.transcripts import Transcript
from boxfold.features.windows import Content, WindowSampler


def random_seq(seed: int, length: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGU"), length))


def transcripts() -> list[Transcript]:
    long = random_seq(0, 500)
    return [
        Transcript("long", "g1", "chr1", long, "g1"),
        Transcript("isoform", "g1", "chr1", long[:200] + long[300:], "g1"),
        Transcript(
            "unknown", "g2", "chr2", random_seq(1, 40) + "N" * 60 + random_seq(2, 100), "g2"
        ),
        Transcript("short", "g3", "", random_seq(3, 15), "g3"),
    ]


def sampler(lengths=(30, 30), seed=0) -> WindowSampler:
    return WindowSampler(transcripts(), lengths, np.random.default_rng(seed), Content())


@pytest.mark.parametrize("lengths", [(30, 30), (20, 50), (64, 64)])
def test_windows_are_what_their_id_says_and_share_no_20mer(lengths):
    seq_of = {t.id: t.seq for t in transcripts()}
    drawn = sampler(lengths)
    windows = list(drawn)
    assert len(windows) == drawn.counts["drawn"] > 4
    seen: set[str] = set()
    for window in windows:
        name, _, place = window.id.partition(":")
        start, end = map(int, place.split("-"))
        assert window.seq == seq_of[name][start:end] and "N" not in window.seq
        assert lengths[0] <= len(window.seq) <= lengths[1]
        words = {window.seq[k : k + 20] for k in range(len(window.seq) - 19)}
        assert not words & seen
        seen |= words


def test_drawing_ends_only_when_nothing_is_left():
    used = {w.seq[k : k + 20] for w in sampler() for k in range(11)}
    for transcript in transcripts():
        for start in range(len(transcript.seq) - 29):
            window = transcript.seq[start : start + 30]
            assert "N" in window or any(window[k : k + 20] in used for k in range(11))


def test_same_seed_same_windows():
    assert list(sampler(seed=4)) == list(sampler(seed=4)) != list(sampler(seed=5))


def test_genes_are_drawn_before_transcripts():
    many = [Transcript(f"t{k}", "big", "", random_seq(k, 400), "big") for k in range(20)]
    many.append(Transcript("only", "small", "", random_seq(99, 2000), "small"))
    drawn = WindowSampler(many, (20, 20), np.random.default_rng(1), Content())
    genes = [window.group for window, _ in zip(drawn, range(60), strict=False)]
    assert 18 < genes.count("small") < 42  # a half; by transcripts it would be a 21st


def test_windows_too_short_for_a_word_are_never_repeated():
    repeats = Transcript("r", "g", "", "ACGUACGUACGUACGUACGU", "g")
    drawn = WindowSampler([repeats], (6, 6), np.random.default_rng(0), Content())
    seqs = [window.seq for window in drawn]
    assert len(seqs) == len(set(seqs)) == 4  # of period 4 there are no others
    assert drawn.counts["duplicate"] >= 4


def test_reasons_and_counts():
    content = Content()
    seq = random_seq(7, 40)
    content.add(seq)
    others = (seq, "ACGUN", seq[5:30] + "AAA", seq[5:24] + "AAA", random_seq(8, 40))
    expected = ["duplicate", "unknown", "shared", None, None]
    assert [content.reason_against(other) for other in others] == expected
    twice = [Transcript(name, name, "", seq, name) for name in ("a", "b")]
    drawn = WindowSampler(twice, (40, 40), np.random.default_rng(0), Content())
    assert len(list(drawn)) == 1
    assert drawn.counts == {"drawn": 1, "duplicate": 2, "no_room": 2}
