"""Agents by name: built in, shipped with weights, or a run folder."""

import difflib
import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from boxfold.agents.additive_agents import BestScoreAgent
from boxfold.agents.agent import Agent
from boxfold.agents.evidence_beam import EvidenceBeamAgent
from boxfold.agents.heuristics import (
    GreedyEnergyAgent,
    GreedyScoreAgent,
    GreedyStackAgent,
    RandomAgent,
)
from boxfold.agents.oracle import OracleAgent
from boxfold.agents.probing_agent import RnafoldShapeAgent
from boxfold.agents.search import AnnealingAgent, BeamAgent, ExactAgent, RnafoldAgent
from boxfold.agents.vote_agent import VoteAgent
from boxfold.features.errors import InputError
from boxfold.features.relations import Pseudoknots

BUILT_IN: dict[str, Callable[[Pseudoknots], Agent]] = {
    agent.name: agent
    for agent in (
        RandomAgent,
        GreedyScoreAgent,
        GreedyStackAgent,
        GreedyEnergyAgent,
        BeamAgent,
        AnnealingAgent,
        ExactAgent,
        RnafoldAgent,
        BestScoreAgent,
        EvidenceBeamAgent,
        OracleAgent,
        VoteAgent,
        RnafoldShapeAgent,
    )
}
"""Agents that need no weights."""

JUDGE = "judge"
REINFORCE_F1 = "reinforce-f1"

ON_REQUEST = (OracleAgent.name, VoteAgent.name, RnafoldShapeAgent.name, JUDGE, REINFORCE_F1)
"""Agents that only run where they are named: one looks at the known structure, one is made for the
boxes of other tools, one needs reactivities, two are made for known structures and the boxes of
the weights `real`."""

SHIPPED = ("supervised", "clone", "reinforce", "ppo", "a2c", JUDGE, REINFORCE_F1)
"""Agents whose weights are ``weights/NAME.safetensors`` in this package."""

AGENT_NAMES = (*BUILT_IN, *SHIPPED)


def load_agents(
    names: Sequence[str] | None = None, pseudoknots: Pseudoknots = "forbid"
) -> list[Agent]:
    """Load several agents; see `load_agent`.

    Parameters
    ----------
    names : sequence of str, optional
        Default: every built-in agent but those `ON_REQUEST` and every one with shipped weights.
    pseudoknots : {"forbid", "allow"}

    Returns
    -------
    list of Agent
    """
    if names is None:
        shipped = [name for name in SHIPPED if shipped_weights(name).is_file()]
        names = [name for name in (*BUILT_IN, *shipped) if name not in ON_REQUEST]
    return [load_agent(name, pseudoknots) for name in names]


def load_agent(name_or_run: str, pseudoknots: Pseudoknots = "forbid") -> Agent:
    """Agent by name, run folder or weights file.

    Parameters
    ----------
    name_or_run : str
        One of `AGENT_NAMES`, a folder of ``train-agent`` or ``train-supervised``, or a
        ``.safetensors`` file of one. A name wins over a folder of that name; ``./ppo`` is the
        folder. ``beam@4`` is a beam of another width, and ``clone@beam4`` one that a policy
        (by name, folder or file) guides.
    pseudoknots : {"forbid", "allow"}

    Returns
    -------
    Agent
        Named as given.

    Raises
    ------
    InputError
        If there is no such agent, or its weights can't be read.

    Examples
    --------
    >>> load_agent("beam").name
    'beam'
    """
    if name_or_run in BUILT_IN:
        return BUILT_IN[name_or_run](pseudoknots)
    if "@" in name_or_run and not Path(name_or_run).exists():
        return _beam(name_or_run, pseudoknots)
    return _learned_agent(name_or_run, weights_path(name_or_run), pseudoknots)


def _beam(name: str, pseudoknots: Pseudoknots) -> Agent:
    """Beam of a given width: ``beam@WIDTH`` or ``POLICY@beamWIDTH``."""
    guide, _, suffix = name.rpartition("@")
    found = re.fullmatch(r"(?:beam)?([1-9]\d{0,3})", suffix)
    if found is None or suffix.startswith("beam") == (guide in BUILT_IN):
        raise InputError(
            f"agent '{name}': after @ comes the width of a beam, 1 to 9999 "
            "(beam@4; clone@beam4 or RUN@beam4 where a policy guides it)"
        )
    width = int(found[1])
    if guide not in BUILT_IN:
        from boxfold.agents.guided_agent import load_guided_beam  # imports torch

        return load_guided_beam(weights_path(guide), name, pseudoknots, width)
    if guide != BeamAgent.name:
        raise InputError(f"agent '{name}': '{guide}' is no beam and has no width")
    agent = BeamAgent(pseudoknots, width)
    agent.name = name
    return agent


def shipped_weights(name: str) -> Path:
    """Path of the weights that come with the package, whether or not they exist."""
    return Path(str(files("boxfold.agents"))) / "weights" / f"{name}.safetensors"


def weights_path(name_or_run: str) -> Path:
    """Weights file of a shipped agent, a run folder or a file.

    Raises
    ------
    InputError
        If there is no such thing.
    """
    if name_or_run in SHIPPED:
        return shipped_weights(name_or_run)
    path = Path(name_or_run)
    if path.is_dir():
        return path / "weights.safetensors"
    if path.is_file():
        return path
    close = difflib.get_close_matches(name_or_run, AGENT_NAMES, n=1)
    hint = f", did you mean '{close[0]}'?" if close else ""
    raise InputError(
        f"agent '{name_or_run}': no such name or run folder{hint} "
        f"(choose from {', '.join(AGENT_NAMES)}, or give a run folder)"
    )


def _learned_agent(name: str, path: Path, pseudoknots: Pseudoknots) -> Agent:
    # torch is imported here only: agents without weights start at once.
    from boxfold.agents.learned_agents import load_learned_agent

    return load_learned_agent(path, name, pseudoknots)
