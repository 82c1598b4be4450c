import gzip
from pathlib import Path

import numpy as np
import pytest

from boxfold.features.errors import InputError
from boxfold.features.probing_noise import ProbingNoise, simulated_reactivity
from boxfold.features.reactivity import matched, read_reactivities, refuse_unknown

RDAT = "\n".join(
    [
        "RDAT_VERSION\t0.34",
        "NAME\thairpin",
        "SEQUENCE\tGGAACC",
        "OFFSET\t10",
        "SEQPOS\tG12\tA13\tA14",
        "ANNOTATION\tmodifier:1M7",
        "ANNOTATION_DATA:2\tmutation:WT",
        "ANNOTATION_DATA:3\tname:other\tsequence:GGAACCA",
        "REACTIVITY:1\t0.1\tNaN\t0.7",
        "REACTIVITY:2\t0.2\t-0.3\t0.4",
        "REACTIVITY:3\t1\t2\t3",
        "REACTIVITY_ERROR:1\t9\t9\t9",
    ]
)


def write(tmp_path, text, name="r.txt"):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a\t0.5\tNaN\t-999\t0\nb\t-0.2\t1\n",
        "a\t0.5 na -999 0\nb\t-0.2 1\n",
        "id\treactivity\na\t0.5,,NA,0\nb\t[-0.2, 1]\n",
        'id,sequence,reactivity_norm01\na,ACGU,"[0.5, null, NaN, 0]"\nb,AC,"[-0.2,1.0]"\n',
        "id,reactivity,reactivity_error\na,0.5 null -999.0 0,1 1 1 1\nb,-0.2;1,0 0\n",
        "a,0.5,,NA,0\nb,-0.2,1\n",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_tables_are_read_whatever_their_layout(text, packed, tmp_path):
    path = write(tmp_path, text)
    if packed:
        path.write_bytes(gzip.compress(text.encode()))
    found = read_reactivities(path)
    assert list(found) == ["a", "b"] and found["a"].dtype == np.float32
    np.testing.assert_allclose(found["a"], [0.5, np.nan, np.nan, 0])
    np.testing.assert_allclose(found["b"], [0, 1])


def test_rdat_places_values_by_seqpos_and_offset(tmp_path):
    found = read_reactivities(write(tmp_path, RDAT))
    assert list(found) == ["hairpin", "hairpin/2", "other"]
    nan = np.nan
    np.testing.assert_allclose(found["hairpin"], np.float32([nan, 0.1, nan, 0.7, nan, nan]))
    np.testing.assert_allclose(found["hairpin/2"], np.float32([nan, 0.2, 0, 0.4, nan, nan]))
    np.testing.assert_allclose(found["other"], np.float32([nan, 1, 2, 3, nan, nan, nan]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\t0.5\tx\n", "record 'a': 'x' is no reactivity"),
        ("a\t0.5\tinf\n", "record 'a': 'inf' is no reactivity"),
        ("a\t1\na\t2\n", "record 'a': the id occurred before"),
        ("\t1\t2\n", "record '': no id"),
        ("", "no reactivities"),
        ("id,sequence\na,ACGU\n", "one column 'reactivity' is needed, found 0"),
        ("id,reactivity\na,1,2\n", "row 2: 3 cells, the header has 2"),
        (RDAT.replace("\t0.1\tNaN", "\t0.1"), "REACTIVITY:1: 2 values, SEQPOS has 3"),
        (RDAT.replace("OFFSET\t10", "OFFSET\t100"), "a position outside the sequence of 6"),
        (RDAT.replace("SEQUENCE\tGGAACC", "COMMENT\tx"), "no SEQUENCE"),
        (RDAT.replace("G12", "G1x2"), "whole numbers"),
    ],
)
def test_bad_files_are_refused_in_one_line(text, message, tmp_path):
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=r"r\.txt") as caught:
        read_reactivities(path)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(InputError, match=r"missing\.tsv: can't be read"):
        read_reactivities(tmp_path / "missing.tsv")
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(b"a\t1\n" * 50)[:20])
    with pytest.raises(InputError, match="truncated"):
        read_reactivities(broken)


def test_wrong_lengths_and_unknown_ids_are_refused():
    profiles = {"a": np.zeros(3, dtype=np.float32), "b": np.ones(2, dtype=np.float32)}
    assert matched(profiles, "c", 9, "f") is None
    assert matched(profiles, "a", 3, "f") is profiles["a"]
    with pytest.raises(InputError, match="f: record 'b': 2 reactivities, the sequence has 5 bases"):
        matched(profiles, "b", 5, "f")
    refuse_unknown(profiles, ["a", "b", "c"], "f")
    with pytest.raises(InputError, match="f: record 'a': no sequence has this id, and 1 more"):
        refuse_unknown(profiles, ["c"], "f")


def test_the_probing_set_is_read_where_it_is_at_hand():
    path = Path(__file__).parents[2] / "shared" / "data" / "shape_24.csv.gz"
    if not path.exists():
        pytest.skip("no shared data")
    found = read_reactivities(path)
    assert len(found) == 24 and len(found["tRNA(asp), yeast"]) == 75
    assert found["tRNA(asp), yeast"].min() == np.float32(0.0233)


def test_simulated_profiles_have_the_distributions_written_down():
    pairs = np.stack([np.arange(20000), np.arange(39999, 19999, -1)], axis=1)
    values = simulated_reactivity(pairs, 60000, np.random.default_rng(1))
    paired, unpaired = values[:40000], values[40000:]
    # medians in closed form: GEV m + s ((ln 2)^-k - 1) / k; gamma of shape 1.006 and rate 1.404
    assert np.median(paired) == pytest.approx(
        0.078 + 0.083 * (np.log(2) ** -0.774 - 1) / 0.774, abs=3e-3
    )
    assert np.mean(unpaired) == pytest.approx(1.006 / 1.404, rel=0.02)
    assert values.min() >= 0 and values.max() <= 4 and not np.isnan(values).any()
    again = simulated_reactivity(pairs, 60000, np.random.default_rng(1))
    np.testing.assert_array_equal(values, again)
    some = simulated_reactivity(pairs, 60000, np.random.default_rng(1), ProbingNoise(missing=0.3))
    assert np.isnan(some).mean() == pytest.approx(0.3, abs=0.01)


def test_a_noise_model_out_of_range_is_refused():
    with pytest.raises(ValueError, match="out of its range"):
        ProbingNoise(paired_tail=1.5)


def test_harsh_noise_frays_ends_and_protects_loops():
    pairs = np.array([[i, 99 - i] for i in range(20, 40)])
    rng = np.random.default_rng(0)
    noise = ProbingNoise(protected=1.0, frayed=1.0)
    mean = np.mean([simulated_reactivity(pairs, 100, rng, noise) for _ in range(400)], axis=0)
    ends, inner, loop = mean[[20, 39, 60, 79]], mean[21:39], mean[:20]
    assert ends.mean() > 1.5 * inner.mean()  # ends of stems react like unpaired bases
    assert loop.mean() == pytest.approx(inner.mean(), rel=0.1)  # and these like paired ones
    with pytest.raises(ValueError, match="out of its range"):
        ProbingNoise(frayed=1.5)
