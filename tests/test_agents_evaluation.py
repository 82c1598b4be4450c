import numpy as np
import pandas as pd
import pytest

from boxfold.agents.agent import Assembly, assembly_of_picks, lowest_energy
from boxfold.agents.evaluation import (
    METRICS,
    PER_SEQUENCE_COLUMNS,
    SUMMARY_COLUMNS,
    EvaluationConfig,
    evaluate_agents,
    summarise,
)
from boxfold.agents.heuristics import GreedyEnergyAgent, RandomAgent
from boxfold.agents.measuring import Ruler, is_optimal, measure
from boxfold.agents.search import BeamAgent, ExactAgent, RnafoldAgent
from boxfold.envs.instance import instance_from_sequence
from boxfold.features.structure import as_base_pairs
from boxfold.rewards.energy import mfe

HAIRPIN = "GGGGAAAACCCC"
SHAPE = "((((....))))"
TIMELESS = [name for name in PER_SEQUENCE_COLUMNS if name != "seconds"]


class FailingAgent:
    """Fails on one record and picks nothing elsewhere."""

    name = "failing"
    can_sample = False

    def assemble(self, instances, rng, samples=1):
        if any(each.id == "bad" for each in instances):
            raise ValueError("two\nlines")
        return [assembly_of_picks(each, (), 3) for each in instances]


def random_instances(n, length=40):
    rng = np.random.default_rng(3)
    sequences = ["".join(rng.choice(list("ACGU"), length)) for _ in range(n)]
    return [instance_from_sequence(seq, 24, f"r{k}") for k, seq in enumerate(sequences)]


def test_columns_are_those_of_the_issue():
    assert ",".join(SUMMARY_COLUMNS) == (
        "agent,n,validity,f1,f1_shift,sensitivity,ppv,exact,free_energy,energy_gap,gap_to_mfe,"
        "energy_calls,seconds"
    )
    assert set(METRICS) < set(PER_SEQUENCE_COLUMNS)
    assert PER_SEQUENCE_COLUMNS[:4] == ("id", "agent", "length", "dot_bracket")


def test_measure_by_hand():
    instance = instance_from_sequence(HAIRPIN, 4, dot_bracket="(((......)))")
    row = measure(instance, assembly_of_picks(instance, (0,), 7), Ruler(-6.2, -5.7))
    assert row["dot_bracket"] == SHAPE
    assert (row["length"], row["validity"], row["reasons"]) == (12, 1, "")
    assert row["free_energy"] == -5.4
    assert row["energy_gap"] == pytest.approx(0.8)
    assert row["gap_to_mfe"] == pytest.approx(0.3)
    assert row["exact"] == 0
    assert row["energy_calls"] == 7
    assert (row["sensitivity"], row["ppv"]) == (1, 0.75)
    assert row["f1"] == pytest.approx(6 / 7)


def test_an_invalid_structure_has_reasons_and_no_energy():
    instance = instance_from_sequence(HAIRPIN, 4, dot_bracket=SHAPE)
    row = measure(instance, Assembly(None, as_base_pairs([(4, 9)]), 0), Ruler(-5.2, -5.2))
    assert (row["validity"], row["exact"], row["f1"]) == (0, 0, 0)
    assert "canonical" in row["reasons"]
    assert row["free_energy"] is row["energy_gap"] is row["gap_to_mfe"] is None


def test_tied_energies_are_exact():
    assert is_optimal(-5.2, -5.2) and is_optimal(-5.19, -5.2) and is_optimal(-5.21, -5.2)
    assert not is_optimal(-5.18, -5.2)
    assert not is_optimal(-6.0, -5.2)  # other boxes


def test_rows_and_summary_over_all_agents():
    instances = random_instances(8)
    agents = [RandomAgent(), GreedyEnergyAgent(), BeamAgent(), ExactAgent(), RnafoldAgent()]
    rows = evaluate_agents(agents, instances, EvaluationConfig(batch=3))
    assert list(rows.columns) == list(PER_SEQUENCE_COLUMNS)
    assert rows["id"].tolist() == [each.id for each in instances] * len(agents)
    summary = summarise(rows).set_index("agent")
    assert summary.index.tolist() == [agent.name for agent in agents]
    assert (summary["n"] == 8).all() and (summary["validity"] == 1).all()
    assert summary.loc["exact", ["exact", "energy_gap"]].tolist() == [1, 0]
    assert summary.loc["random", "energy_gap"] > summary.loc["beam", "energy_gap"] >= 0
    assert summary.loc["rnafold", "gap_to_mfe"] == pytest.approx(0)
    assert summary.loc["rnafold", "energy_gap"] <= 0
    assert (summary["seconds"] >= 0).all()
    for name in METRICS:
        means = rows.groupby("agent", sort=False)[name].mean()
        np.testing.assert_allclose(summary[name].astype(float), means.astype(float))


def test_energy_columns_are_those_of_viennarna():
    instance = random_instances(1)[0]
    rows = evaluate_agents([ExactAgent()], [instance])
    row = rows.iloc[0]
    assert row["free_energy"] == pytest.approx(instance.optimum.energy)
    assert row["gap_to_mfe"] == pytest.approx(row["free_energy"] - mfe(instance.seq).free_energy)


def test_without_a_reference_accuracy_is_empty_and_energy_is_not():
    instance = instance_from_sequence(HAIRPIN, 4)
    summary = summarise(evaluate_agents([ExactAgent()], [instance]))
    assert summary[["f1", "f1_shift", "sensitivity", "ppv"]].isna().all(axis=None)
    assert summary["free_energy"].tolist() == [-5.4]


def test_mean_f1_is_over_sequences_with_a_reference():
    known = instance_from_sequence(HAIRPIN, 4, "known", SHAPE)
    unknown = instance_from_sequence(HAIRPIN, 4, "unknown")
    empty = instance_from_sequence("AAAAAAAA", 4, "empty", "........")
    summary = summarise(evaluate_agents([ExactAgent()], [known, unknown, empty]))
    assert summary["f1"].tolist() == [1]
    assert summary["n"].tolist() == [3]


def test_same_seed_same_rows_whatever_the_other_agents():
    instances = random_instances(6)
    config = EvaluationConfig(seed=5, samples=4)
    together = evaluate_agents([GreedyEnergyAgent(), RandomAgent()], instances, config)
    alone = evaluate_agents([RandomAgent()], instances, config)
    last = together[together["agent"].str.startswith("random")].reset_index(drop=True)
    pd.testing.assert_frame_equal(last[TIMELESS], alone[TIMELESS])
    other = evaluate_agents([RandomAgent()], instances, EvaluationConfig(seed=6, samples=4))
    assert other["dot_bracket"].tolist() != alone["dot_bracket"].tolist()


def test_samples_add_a_row_for_agents_that_sample():
    agents = [GreedyEnergyAgent(), RandomAgent()]
    rows = evaluate_agents(agents, random_instances(6), EvaluationConfig(samples=16))
    summary = summarise(rows).set_index("agent")
    assert summary.index.tolist() == ["greedy-energy", "random", "random x 16"]
    gaps = summary["energy_gap"]
    assert gaps["random x 16"] < gaps["random"]
    assert summary.loc["random x 16", "energy_calls"] > 1


def test_a_record_that_fails_is_named_and_loses_no_other():
    instances = random_instances(4)
    instances[2].id = "bad"
    lines: list[str] = []
    rows = evaluate_agents([FailingAgent(), ExactAgent()], instances, None, lines.append)
    assert lines == ["bad: failing failed: two lines"]
    assert rows[rows["agent"] == "failing"]["id"].tolist() == ["r0", "r1", "r3"]
    assert summarise(rows)["n"].tolist() == [3, 4]
    with pytest.raises(ValueError, match="two"):
        evaluate_agents([FailingAgent()], instances)


def test_the_rulers_time_is_nobodys(monkeypatch):
    # agents get fresh instances: the exact optimum is solved again, and counted again
    seen = []

    class Watching(ExactAgent):
        def assemble(self, instances, rng, samples=1):
            seen.extend("optimum" in vars(each) for each in instances)
            return super().assemble(instances, rng, samples)

    evaluate_agents([Watching()], random_instances(2))
    assert seen == [False, False, False]  # the first is the start-up call


def test_lowest_energy_evaluates_each_set_once():
    instance = random_instances(1)[0]
    best = instance.optimum.picks
    assert lowest_energy(instance, [(), best, best[::-1], ()]) == (best, 2)
    assert instance.energy_calls == 2


def test_no_instances():
    rows = evaluate_agents([ExactAgent()], [])
    assert rows.empty and list(rows.columns) == list(PER_SEQUENCE_COLUMNS)
    assert summarise(rows).empty
