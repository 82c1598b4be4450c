import numpy as np
import pandas as pd
import pytest

from boxfold.s1.split import limited, split_by_group, with_samples


def rows(sizes: list[int]) -> pd.DataFrame:
    groups = np.repeat([f"g{k}" for k in range(len(sizes))], sizes)
    return pd.DataFrame({"id": np.arange(len(groups)), "group": groups})


@pytest.mark.parametrize(("share", "n_train"), [(0.95, 190), (0.5, 100), (1.0, 200), (0.0, 0)])
def test_share_of_single_groups(share, n_train):
    split = split_by_group(rows([1] * 200), share, seed=1, count=lambda line: None)
    assert (split["split"] == "train").sum() == n_train


def test_groups_stay_whole_and_the_giant_one_trains():
    told: list[str] = []
    split = split_by_group(rows([60, *[2] * 20]), 0.9, seed=3, count=told.append)
    assert split.groupby("group")["split"].nunique().max() == 1
    assert set(split[split["group"] == "g0"]["split"]) == {"train"}
    assert told == ["train: 90 sequences in 16 groups", "validation: 10 sequences in 5 groups"]


def test_same_seed_same_split():
    one, two, other = (
        split_by_group(rows([1] * 50), 0.8, seed, lambda line: None)["split"].tolist()
        for seed in (4, 4, 5)
    )
    assert one == two != other


def test_a_smaller_limit_is_part_of_a_larger_one():
    split = split_by_group(rows([1] * 100), 0.9, seed=0, count=lambda line: None)
    told: list[str] = []
    few, more = (limited(split, n, 5555, told.append) for n in (10, 30))
    ids = [part[part["split"] == "train"]["id"].tolist() for part in (few, more)]
    assert ids[0] == ids[1][:10] and len(ids[1]) == 30
    assert (few["split"] == "validation").sum() == 10
    assert told[0] == "training split: before 90, after 10 (limit 10)"
    expected = split[split["split"] == "train"].sample(frac=1, random_state=5555)[:10]
    assert ids[0] == expected["id"].tolist()


def test_a_row_for_each_sampled_structure():
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "dot_bracket": ["x", "x"],
            "free_energy": [0.0, 0.0],
            "dot_brackets": [np.array(["(...)", ".(...)"]), np.array(["((...))"])],
            "free_energies": [np.array([1.5, 2.5]), np.array([-1.0])],
        }
    )
    result = with_samples(frame)
    assert result["id"].tolist() == ["a", "a", "b"]
    assert result["dot_bracket"].tolist() == ["(...)", ".(...)", "((...))"]
    assert result["free_energy"].tolist() == [1.5, 2.5, -1.0]
    assert result["sample"].tolist() == [0, 1, 0]
