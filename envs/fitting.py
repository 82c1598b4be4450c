"""Settings with as many slots as instances fill."""

from collections.abc import Sequence
from dataclasses import replace

from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance


def with_slots_for(instances: Sequence[Instance], config: AssemblyConfig) -> AssemblyConfig:
    """The same settings with slots for all that can be picked of these instances."""
    if config.action_types == "stem":
        return replace(config, max_boxes=max([2, *(each.n_boxes for each in instances)]))
    sizes = [max(each.n_boxes, len(each.proposals.loops)) for each in instances]
    return replace(config, max_boxes=2 * max([1, *sizes]))


def fitting_config(instances: Sequence[Instance], config: AssemblyConfig) -> AssemblyConfig:
    """The same settings with no more slots, and bases if any, than these instances fill."""
    if config.max_bases:
        config = observing_bases(instances, config, True)
    n_slots = min(config.max_boxes, with_slots_for(instances, config).max_boxes)
    return replace(config, max_boxes=n_slots)


def observing_bases(
    instances: Sequence[Instance], config: AssemblyConfig, needed: bool
) -> AssemblyConfig:
    """The same settings with room for the bases of these instances if a network needs them."""
    longest = max([1, *(len(each.seq) for each in instances)])
    return replace(config, max_bases=longest if needed else 0)
