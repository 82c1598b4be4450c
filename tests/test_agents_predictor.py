import pytest

from boxfold.agents import predictor
from boxfold.agents.registry import load_agent
from boxfold.features.calibration import Calibration
from boxfold.features.fasta import FastaRecord
from boxfold.features.pair_confidence import confidence
from boxfold.features.stem_weights import pair_probabilities
from boxfold.s1.propose import S1Model


def records(n: int) -> list[FastaRecord]:
    seqs = ["GGGGAAAACCCC", "GGCGAAAGCCAAGGCGAAAGCC", "GUAC", "GGAACUUCGGUUCC"]
    return [FastaRecord(f"r{k}", "", seqs[k % 4], 0) for k in range(n)]


def test_chunks_change_nothing(untrained_s1, monkeypatch):
    chain = predictor.Predictor(S1Model.load(untrained_s1), load_agent("exact"))

    def found(chunk: int) -> list[tuple]:
        monkeypatch.setattr(predictor, "CHUNK", chunk)
        predictions = chain.predict(records(9), pytest.fail)
        return [(p.id, p.seq, p.base_pairs.tolist(), p.free_energy) for p in predictions]

    assert found(2) == found(32)
    assert [row[0] for row in found(4)] == [f"r{k}" for k in range(9)]


def test_predictions_stream(untrained_s1, monkeypatch):
    monkeypatch.setattr(predictor, "CHUNK", 2)
    taken = []

    def source():
        for record in records(6):
            taken.append(record.id)
            yield record

    chain = predictor.Predictor(S1Model.load(untrained_s1), load_agent("beam"))
    next(chain.predict(source(), pytest.fail))
    assert taken == ["r0", "r1"]


class FailsOn:
    """An agent that can't cope with one record."""

    name = "fails"
    can_sample = False

    def __init__(self, id: str, error: Exception) -> None:
        self.id, self.error, self.agent = id, error, load_agent("exact")

    def assemble(self, instances, rng, samples=1):
        if any(instance.id == self.id for instance in instances):
            raise self.error
        return self.agent.assemble(instances, rng, samples)


@pytest.mark.parametrize(
    "error, reason",
    [
        (ValueError("no good"), "no good"),
        (MemoryError(), "MemoryError"),
        (RuntimeError("two\nlines"), "two lines"),
    ],
)
def test_one_failing_record_loses_no_other(untrained_s1, error, reason):
    lines: list[str] = []
    chain = predictor.Predictor(S1Model.load(untrained_s1), FailsOn("r1", error))
    found = list(chain.predict(records(4), lines.append))
    assert [record.id for record in found] == ["r0", "r2", "r3"]
    assert lines == [f"record 'r1': {reason}"]


def test_confidence_is_that_of_the_boxes_calibrated(untrained_s1):
    twice = Calibration(0.5, 0.3)
    chain = predictor.Predictor(S1Model.load(untrained_s1), load_agent("exact"), calibration=twice)
    for record, prediction in zip(records(2), chain.predict(records(2), pytest.fail), strict=True):
        (instance,) = chain.instances([record])
        held = pair_probabilities(instance.boxes, instance.score)
        expected = confidence(*held, prediction.base_pairs, twice)
        assert prediction.structure_confidence == round(expected.structure, 3)
        assert prediction.confidence.tolist() == expected.pairs.round(3).tolist()
        assert prediction.confidence.min() > 0


def test_boxes_grow_with_the_length_and_chunks_shrink(untrained_s1, monkeypatch):
    assert [predictor.default_boxes(n) for n in (10, 128, 600, 3000)] == [64, 64, 300, 1500]
    monkeypatch.setattr(predictor, "CHUNK_PIXELS", 2 * 22**2)
    chain = predictor.Predictor(S1Model.load(untrained_s1), load_agent("beam"))
    sizes = []
    chunk = predictor.Predictor._chunk
    monkeypatch.setattr(
        predictor.Predictor, "_chunk", lambda *args: sizes.append(len(args[1])) or chunk(*args)
    )
    long = [FastaRecord(f"l{k}", "", "GGCGAAAGCCAAGGCGAAAGCC", 0) for k in range(5)]
    assert [r.id for r in chain.predict(long, pytest.fail)] == [f"l{k}" for k in range(5)]
    assert sizes == [2, 2, 1]
