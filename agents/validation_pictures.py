"""Pictures of validation: what a network in training assembles, and what its boxes listen to."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from boxfold.agents.attention_maps import draw_attention, last_attention
from boxfold.agents.judge_agent import judge_layouts
from boxfold.agents.layout import Layouts
from boxfold.agents.learned import Learned
from boxfold.agents.learned_agents import agent_of
from boxfold.agents.pictures.arcs import draw_arcs
from boxfold.agents.pictures.structure import draw_structure
from boxfold.agents.recording import recordings
from boxfold.envs.config import AssemblyConfig
from boxfold.envs.instance import Instance

PICTURED = 2
"""Validation instances that are drawn: the first ones with boxes."""


def validation_pictures(
    learned: Learned, instances: Sequence[Instance], config: AssemblyConfig, name: str
) -> dict[str, Figure]:
    """Drawings by tag: ``structure/1``, ``arcs/1`` and ``attention/1``, and those of the second.

    Parameters
    ----------
    learned : Learned
        The network in training, in evaluation mode.
    instances : sequence of Instance
        The validation set.
    config : AssemblyConfig
        Of the training.
    name : str
        Who assembles, for the titles.
    """
    pictured = [each.cut(config.n_stem_slots) for each in instances if each.n_boxes][:PICTURED]
    agent = agent_of(learned, name, config.pseudoknots)
    is_judge = learned.role == "judge"
    layouts = judge_layouts(pictured) if is_judge else Layouts(pictured, config)
    figures = {}
    # A generator of its own: nothing is taken from that of the training.
    for index, recording in enumerate(recordings(agent, pictured, np.random.default_rng(0))):
        number = index + 1
        figures[f"structure/{number}"] = draw_structure(recording)
        figures[f"arcs/{number}"] = draw_arcs(recording)
        if len(learned.network.encoder):
            layout = layouts.of(np.array([index]))
            weights, boxes = last_attention(learned.network, layout), layout.boxes[0].numpy()
            figures[f"attention/{number}"] = draw_attention(weights, boxes, recording.id)
    return figures
