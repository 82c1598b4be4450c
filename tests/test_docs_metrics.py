import re
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

from boxfold.agents.callbacks import EPISODE_TAGS
from boxfold.agents.evaluation import PER_SEQUENCE_COLUMNS, SUMMARY_COLUMNS
from boxfold.agents.real_structures import REAL_COLUMNS, REAL_SUMMARY
from boxfold.agents.reward_measures import REWARD_COLUMNS
from boxfold.agents.top_measures import top_columns
from boxfold.agents.validation import VALIDATION_TAGS
from boxfold.features.box import BoxKind
from boxfold.rewards.plugins import reward_names
from boxfold.rewards.reward import REWARD_COMPONENTS
from boxfold.s1.box_targets import BOX_HEADS
from boxfold.s1.metrics import METRIC_NAMES
from boxfold.scripts import cli
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


NETWORK = "--embed-dim 16 --n-heads 2 --n-encoder-layers 1 --feedforward-dim 16 --relation-dim 8"
AGENT = f"train-agent --max-boxes 16 --validation-instances 3 --data PROPOSALS {NETWORK}"
S1 = "train-s1 --data WINDOWS --channels 4 --n-blocks 1 --epochs 1 --epoch-examples 12"
TRAININGS = {
    "s1": S1,
    "rescorer": f"{S1} --init s1 --rescorer-only --rescoring 4",
    "clone": f"{AGENT} --algorithm clone --epochs 1",
    "reinforce": "train-agent --max-boxes 16 --validation-instances 3 --data PROPOSALS --epochs 1 "
    "--algorithm reinforce --init clone --samples 2 --reward energy=1,f1=1",
    "ppo": f"{AGENT} --algorithm ppo --steps 64 --n-envs 4 --n-steps 8 --chunk-updates 2 "
    "--batch-size 32",
    "a2c": "train-agent --max-boxes 16 --validation-instances 3 --data PROPOSALS --algorithm a2c "
    "--init clone --steps 64 --n-envs 4 --n-steps 8 --chunk-updates 2 --reward s1=1",
    "supervised": f"{AGENT} --epochs 1".replace("train-agent", "train-supervised"),
    "judge": f"{AGENT} --epochs 1".replace("train-agent", "train-judge"),
}
"""A small training of each kind."""


@pytest.fixture(scope="module")
def written(windows, proposals, tmp_path_factory):
    """Tags that the trainings write, by kind of value."""
    folder, tags = tmp_path_factory.mktemp("runs"), {}
    for name, command in TRAININGS.items():
        words = {"WINDOWS": windows, "PROPOSALS": proposals, "s1": folder / "s1"}
        words["clone"] = folder / "clone"
        verb, *flags = command.split()
        starts = {k + 1 for k, flag in enumerate(flags) if flag == "--init"}
        flags = [
            str(words[flag]) if flag.isupper() or index in starts else flag
            for index, flag in enumerate(flags)
        ]
        assert cli.main([verb, *flags, "--out", str(folder / name)]) == 0
        tags[name] = EventAccumulator(str(folder / name)).Reload()
    return tags


def general(tag):
    """A tag as the page has it: `training/...` is `validation/...`, numbers are N."""
    tag = re.sub(r"^training/", "validation/", tag.removesuffix("/text_summary"))
    return re.sub(r"/\d+$", "/N", tag)


def test_every_tag_that_a_training_writes_is_defined(written):
    defined = defined_names() | {f"reward/{name}" for name in reward_names()}
    for name, events in written.items():
        tags = events.Tags()
        found = {general(tag) for kind in ("scalars", "images", "tensors") for tag in tags[kind]}
        finals = {tag for tag in found if tag.startswith("final/")}
        assert found - finals - defined == set(), name
        for tag in finals:
            metric = tag.removeprefix("final/")
            assert {f"eval/{metric}", f"validation/{metric}"} & found & defined, (name, tag)
        assert finals and "command" in found
        of_agents = {"structure/N", "arcs/N", "attention/N"}
        pictures = {"proposals/N"} if name in ("s1", "rescorer") else of_agents
        assert {general(tag) for tag in tags["images"]} == pictures, name


def test_every_tag_of_agents_on_the_page_is_written_by_some_training(written):
    found = {tag for each in written.values() for tag in each.Tags()["scalars"]}
    defined = {
        name for name in defined_names() if re.match(r"(eval|rollout|time|train)/\w+$", name)
    }
    assert "train/kl" in defined and "rollout/success_rate" in defined
    assert defined - found == set()


def test_the_settings_stand_beside_the_metrics_of_what_was_kept(written):
    events = written["clone"]
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    settings = metadata.parse_session_start_info_plugin_data(content).hparams
    assert settings["epochs"].number_value == 1
    assert settings["network.embed_dim"].number_value == 16
    assert settings["algorithm"].string_value == "clone"
    assert settings["assembly.mask"].string_value == "true"
    experiment = events.SummaryMetadata("_hparams_/experiment").plugin_data.content
    shown = metadata.parse_experiment_plugin_data(experiment).metric_infos
    assert "final/f1" in {info.name.tag for info in shown}
    (kept,), (last,) = events.Scalars("final/f1"), events.Scalars("eval/f1")
    assert kept.value == last.value and kept.step == last.step == 1
