"""Teachers of cloning: what they name right, and a policy that learns from a known structure."""

from dataclasses import replace

import numpy as np
import pytest

from boxfold.agents.clone import CloneTrainer
from boxfold.agents.completion import BestKnown, LeastEnergy, completion_of
from boxfold.agents.network_config import NetworkConfig
from boxfold.agents.oracle import best_f1
from boxfold.agents.rollout import different_assemblies
from boxfold.agents.teacher import teacher_states
from boxfold.agents.training_config import CloneConfig
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance, instance_from_sequence
from boxfold.features.box import boxes_to_array, stem_box
from boxfold.features.errors import InputError
from boxfold.features.proposals import EVIDENCE, Proposals, no_loops
from boxfold.features.structure import base_pairs_from_dot_bracket
from boxfold.rewards.additive import AdditiveConfig
from boxfold.s1.run_folder import RunFolder

KNOT = "GGGGGGAAAAGCGCGCAAAACCCCCCAAAAGCGCGC", "((((((....[[[[[[....))))))....]]]]]]"
ALLOW = AdditiveConfig("allow")
SLOTS = AssemblyConfig(max_boxes=12, pseudoknots="allow")
SMALL = NetworkConfig(embed_dim=16, n_heads=2, feedforward_dim=16, relation_dim=8, pair_dim=4)


def knotted() -> Instance:
    """Boxes: the true stems, and one of the same bases as the second in other pairs."""
    boxes = boxes_to_array([stem_box(0, 25, 6), stem_box(10, 35, 6), stem_box(10, 33, 4)])
    evidence = np.zeros((3, len(EVIDENCE)), dtype=np.float32)
    proposals = Proposals(boxes, np.full(3, 0.5, np.float32), evidence, *no_loops())
    return Instance("knot", KNOT[0], proposals, base_pairs_from_dot_bracket(KNOT[1]))


def test_the_known_structure_is_completed_around_what_is_picked():
    teacher, instance = BestKnown(ALLOW), knotted()
    assert instance.conflict("allow")[1, 2]
    assert teacher.complete(instance, ()) == (0, 1)
    assert teacher.complete(instance, (1,)) == (0, 1)
    assert teacher.complete(instance, (2,)) == (0, 2)  # the second stem is lost
    assert BestKnown(AdditiveConfig("forbid")).complete(instance, ()) in ((0,), (1,))


def test_teachers_by_name():
    assert isinstance(completion_of("known", SLOTS), BestKnown)
    assert isinstance(completion_of("energy", AssemblyConfig(12)), LeastEnergy)


def test_least_energy_completes_as_the_exact_solver_does():
    instance = instance_from_sequence(KNOT[0], 12)
    for stem in range(instance.n_boxes):
        assert LeastEnergy(0.0).complete(instance, (stem,)) == instance.solver.solve((stem,)).picks
    assert LeastEnergy(0.0).complete(instance, ()) == instance.optimum.picks


def test_without_a_known_structure_there_is_nothing_to_learn():
    with pytest.raises(InputError, match="'knot' has no known structure to learn from"):
        BestKnown(ALLOW).complete(replace(knotted(), reference=None), ())


def test_what_the_mask_forbids_is_never_right():
    given = [knotted()]
    states = teacher_states(given, SLOTS, np.random.default_rng(0), teacher=BestKnown(ALLOW))
    assert (states.mask.bool() | ~states.target).all() and states.target.any(dim=1).all()
    # a knot order of nothing: once a stem is picked, the other one is masked, and STOP is right
    config = replace(SLOTS, pseudoknots="forbid")
    states = teacher_states(given, config, np.random.default_rng(0), teacher=BestKnown(ALLOW))
    assert (states.mask.bool() | ~states.target).all() and states.target.any(dim=1).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [({"teacher": "best"}, "allowed: energy, known"), ({"assembly": SLOTS}, "its sets are nested")],
)
def test_configs_that_no_teacher_can_serve(values, message):
    with pytest.raises(ValueError, match=message):
        CloneConfig(**values)


def test_a_known_knot_is_learnt(tmp_path):
    instance = knotted()
    assert best_f1(instance.boxes, instance.reference).picks == (0, 1)
    config = CloneConfig(
        network=SMALL, assembly=SLOTS, teacher="known", epochs=40, learning_rate=5e-3
    )
    run = RunFolder.open(tmp_path / "run", config.to_dict(), "test", resume=False, overwrite=False)
    trainer = CloneTrainer(config, [instance] * 8, [instance], run)
    trainer.fit(lambda line: None)
    drawn = different_assemblies(trainer.network, [instance], SLOTS, np.random.default_rng(0), 1)
    assert drawn == [[(0, 1)]]
