"""Training sets without some families, and parts of one."""

import pandas as pd
import pytest

pytestmark = pytest.mark.usefixtures("benchmarks")


def rows() -> pd.DataFrame:
    """Training rows of four origins, twenty each, and a validation row of each."""
    kinds = [("RF00005", "RFAM"), ("RF09999", "RFAM"), ("RF00028", "RFAM"), (None, "SPR")]
    table = [
        {"id": f"{acc}_{n}", "rfam_acc": acc, "family": base, "split": split}
        for acc, base in kinds
        for n, split in enumerate(["train"] * 20 + ["validation"])
    ]
    return pd.DataFrame(table)


def test_sets_without_families_keep_what_validates():
    import held_out

    sets = held_out.training_sets(rows(), ["RF00028"])
    left = {name: set(part.loc[part["split"] == "train", "id"]) for name, part in sets.items()}
    assert {name.rsplit("_", 1)[0] for name in left["families"]} == {"RF09999", "RF00028"}
    assert {name.rsplit("_", 1)[0] for name in left["knots"]} == {"RF00005", "RF09999"}
    assert all((part["split"] == "validation").sum() == 4 for part in sets.values())


def test_parts_lie_within_each_other():
    import held_out

    sets = held_out.training_sets(rows(), [])
    parts = [set(sets[f"part_{n}"].query("split == 'train'")["id"]) for n in (2, 4, 8)]
    assert parts[2] <= parts[1] <= parts[0]
    assert 25 < len(parts[0]) < 55 and len(parts[2]) < 20
