from itertools import islice

from boxfold.features.transcripts import Transcript
from boxfold.s1.candidates import Candidates

SEQ = "GGCAUCAGGAUUACGACCAUGAUCCGUAUUGCAGCAUUCAGGCUAAGCUUAGC"


def candidates(transcripts=(), lengths=(30, 30), shuffles=0, synthetic=False, seed=0) -> Candidates:
    return Candidates(transcripts, lengths, shuffles, synthetic, seed)


def test_transcripts_come_first_then_synthetic_windows():
    one = Transcript("t", "g", "chr1", SEQ, "group")
    families = list(islice(candidates([one], synthetic=True, lengths=(40, 50)), 4))
    (first,), *others = families
    assert (first.group, first.source, first.chromosome) == ("group", "transcript", "chr1")
    synthetic = [window for (window,) in others if window.source == "synthetic"]
    assert [window.id for window in synthetic] == [f"synthetic:{k}" for k in range(len(synthetic))]
    assert len(synthetic) >= 2 and all(40 <= len(window.seq) <= 50 for window in synthetic)
    assert [window.group for window in synthetic] == [window.id for window in synthetic]


def test_shuffles_follow_their_window_and_keep_its_group():
    one = Transcript("t", "g", "chr1", SEQ, "group")
    window, *shuffles = next(iter(candidates([one], lengths=(50, 50), shuffles=3)))
    assert [s.id for s in shuffles] == [f"{window.id}/shuffle{k}" for k in (1, 2, 3)]
    assert {(s.group, s.source, s.chromosome) for s in shuffles} == {("group", "shuffle", "chr1")}
    assert all(sorted(s.seq) == sorted(window.seq) for s in shuffles)
    assert len({window.seq, *(s.seq for s in shuffles)}) == 4


def test_a_shuffle_that_changes_nothing_is_counted_and_left_out():
    flat = Transcript("flat", "g", "", "A" * 30, "g")
    several = candidates([flat], shuffles=2)
    ((window,),) = list(several)
    assert window.seq == "A" * 30
    assert several.counts["shuffle duplicate"] == 2


def test_synthetic_windows_end_where_there_are_no_others():
    several = candidates(synthetic=True, lengths=(3, 3))
    seqs = [window.seq for (window,) in several]
    assert 60 <= len(seqs) == len(set(seqs)) <= 64
    assert several.counts["synthetic duplicate"] >= 1000


def test_seeds():
    def ids(seed: int) -> list[str]:
        return [
            w.seq for family in islice(candidates(synthetic=True, seed=seed), 5) for w in family
        ]

    assert ids(1) == ids(1) != ids(2)
