import re
from pathlib import Path

from boxfold.agents.callbacks import EPISODE_TAGS
from boxfold.agents.evaluation import PER_SEQUENCE_COLUMNS, SUMMARY_COLUMNS
from boxfold.agents.real_structures import REAL_COLUMNS, REAL_SUMMARY
from boxfold.agents.reward_measures import REWARD_COLUMNS
from boxfold.agents.top_measures import top_columns
from boxfold.agents.validation import VALIDATION_TAGS
from boxfold.features.box import BoxKind
from boxfold.rewards.reward import REWARD_COMPONENTS
from boxfold.s1.box_targets import BOX_HEADS
from boxfold.s1.metrics import METRIC_NAMES
from boxfold.scripts.layouts import CSV_COLUMNS

TEXT = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text()


def defined_names():
    """Names in the first column of the tables, with KIND, COMPONENT and ``...`` written out."""
    names = set()
    for line in TEXT.splitlines():
        if line.startswith("| `"):
            first = re.findall(r"`([^`]+)`", line.split("|")[1])
            folder = first[0].rsplit("/", 1)[0]
            written = [name.replace("...", folder) for name in first]
            written = [name if "/" in name else f"{folder}/{name}" for name in written]
            names |= set(first) | set(written)
    kinds = {name.replace("KIND", kind.label) for name in names for kind in BoxKind}
    return {name.replace("COMPONENT", part) for name in kinds for part in REWARD_COMPONENTS}


def test_every_column_of_evaluate_is_defined():
    assert {*SUMMARY_COLUMNS, *PER_SEQUENCE_COLUMNS} <= defined_names()
    assert {*REAL_COLUMNS, *REAL_SUMMARY, *REWARD_COLUMNS} <= defined_names()
    assert {name.replace("5", "K") for name in top_columns(5)} <= defined_names()


def test_every_field_of_predict_is_defined():
    assert set(CSV_COLUMNS) - {"id", "sequence", "dot_bracket"} <= defined_names()


def test_every_tag_of_s1_is_defined():
    tags = {f"validation/{name}" for name in METRIC_NAMES}
    tags |= {f"train/boxes/{head.name}" for head in BOX_HEADS}
    assert tags - defined_names() == set()


def test_every_tag_of_agents_is_defined():
    tags = {f"eval/{name}" for name in (*VALIDATION_TAGS, "best_mean_reward")}
    tags |= {f"reward/{name}" for name in REWARD_COMPONENTS} | set(EPISODE_TAGS.values())
    tags |= {"train/reward_calls", "eval/loss", "eval/knotted_f1", "eval/false_knots"}
    assert tags - defined_names() == set()
