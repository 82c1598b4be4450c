"""Behaviour cloning of the exact optimum, or of the best set by a known structure."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boxfold.agents.completion import completion_of
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.policy_training import PolicyTrainer
from boxfold.agents.teacher import States, teacher_states
from boxfold.agents.training_config import CloneConfig
from boxfold.envs.instance import Instance
from boxfold.s1.run_folder import RunFolder


class CloneTrainer(PolicyTrainer):
    """Learns what its teacher picks; see `EpochTrainer`.

    All boxes that lead to the best set are right at once: the order of picks does not matter.

    Parameters
    ----------
    config : CloneConfig
    train, validation, run
        As for `EpochTrainer`.
    start : AssemblyNetwork, optional
        Trained network to start from.
    """

    def __init__(
        self,
        config: CloneConfig,
        train: Sequence[Instance],
        validation: Sequence[Instance],
        run: RunFolder,
        start: AssemblyNetwork | None = None,
    ) -> None:
        super().__init__(config, train, validation, run, start)
        self.explore = config.explore
        self.teacher = completion_of(config.teacher, config.assembly)
        self.states: States | None = None

    def prepare_epoch(self, rows: NDArray[np.intp], rng: np.random.Generator) -> None:
        """Play new episodes."""
        explore = self.explore if self.progress.epoch else 0.0
        chosen = [self.train[row] for row in rows]
        states = teacher_states(
            chosen, self.config.assembly, rng, self.network, explore, self.teacher
        )
        self.states = states._replace(instance=torch.from_numpy(rows)[states.instance])

    def batch_loss(self, rows: NDArray[np.intp]) -> dict[str, Tensor]:
        """Cross-entropy to the uniform choice among all right picks, and how often one leads."""
        assert self.states is not None
        layout = self.layouts.of(rows)
        states = self.states.of(rows).slots(layout.boxes.shape[1])
        encoded = self.network.encode(*layout)
        logits, _ = self.network.decode(
            encoded.take(states.instance), states.picked, states.mask, states.globals
        )
        right = states.target.float()
        share = right / right.sum(dim=1, keepdim=True)
        loss = -(share * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()
        best = logits.detach().argmax(dim=1, keepdim=True)
        return {"loss": loss, "accuracy": right.gather(1, best).mean()}
