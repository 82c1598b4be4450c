"""Training of a judge: what share of a box's pairs does the known structure have?"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits

from boxfold.agents.additive_tuning import best_structures, structure_scores
from boxfold.agents.box_features import known_share
from boxfold.agents.judge_agent import judge_layouts, judged_weights, shares_of_layouts
from boxfold.agents.judge_features import JUDGE_NAMES, judge_features
from boxfold.agents.layout import Layouts
from boxfold.agents.learned_agents import first_logits
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.training import EpochTrainer
from boxfold.agents.training_config import JudgeConfig
from boxfold.envs.instance import Instance
from boxfold.rewards.additive import AdditiveConfig
from boxfold.s1.run_folder import RunFolder


class JudgeTrainer(EpochTrainer):
    """Learns shares of true pairs; see `EpochTrainer`.

    Parameters
    ----------
    config : JudgeConfig
    train, validation : sequence of Instance
        With known structures and at least one box.
    run : RunFolder
    start : AssemblyNetwork, optional
        Trained judge to start from.
    """

    role = "judge"

    def __init__(
        self,
        config: JudgeConfig,
        train: Sequence[Instance],
        validation: Sequence[Instance],
        run: RunFolder,
        start: AssemblyNetwork | None = None,
    ) -> None:
        super().__init__(config, train, validation, run)
        if start is not None and not run.has("state"):
            self.network.load_state_dict(start.state_dict())
        self.progress.threshold = config.threshold
        self._knot_charge, self._trust = config.knot_charge, config.trust
        settings = {"knot_charge": config.knot_charge, "trust": config.trust}
        self.facts = {"token_names": JUDGE_NAMES, **settings}
        self.layouts = Layouts(train, config.assembly, judge_features)
        self.validation_layouts = judge_layouts(validation)
        self.shares = [known_share(each.cut(config.assembly.max_boxes)) for each in train]

    def prepare_epoch(self, rows: NDArray[np.intp], rng: np.random.Generator) -> None:
        """Nothing changes from epoch to epoch."""

    def batch_loss(self, rows: NDArray[np.intp]) -> dict[str, Tensor]:
        """Binary cross-entropy to the share, mean over the pairs of all boxes."""
        layout = self.layouts.of(rows)
        n_pairs = layout.boxes[..., 3]
        target = torch.zeros(n_pairs.shape)
        for line, row in enumerate(rows.tolist()):
            target[line, : len(self.shares[row])] = torch.from_numpy(self.shares[row])
        present = n_pairs > 0
        logits = first_logits(self.network, *layout)[present]
        loss = binary_cross_entropy_with_logits(logits, target[present], reduction="none")
        return {"loss": _mean_over_pairs(loss, n_pairs[present])}

    def validate(self) -> tuple[float, dict[str, float]]:
        """The same loss; and F1, F1 of knotted pairs and false knots of the exact assemblies."""
        n_boxes = [each.n_boxes for each in self.validation]
        shares = shares_of_layouts(self.network, self.validation_layouts, n_boxes)
        config = AdditiveConfig("allow", knot_charge=self._knot_charge)
        weights = [
            judged_weights(*each, self._trust, self.progress.threshold)
            for each in zip(self.validation, shares, strict=True)
        ]
        predicted = best_structures(self.validation, weights, config)
        references = [each.reference for each in self.validation if each.reference is not None]
        known = np.concatenate([known_share(each) for each in self.validation])
        n_pairs = np.concatenate([each.boxes[:, 3] for each in self.validation])
        expected = torch.from_numpy(np.concatenate(shares))
        loss = binary_cross_entropy(expected, torch.from_numpy(known), reduction="none")
        mean = float(_mean_over_pairs(loss, torch.from_numpy(n_pairs)))
        scores = structure_scores(predicted, references)
        return mean, {"eval/loss": mean, **{f"eval/{tag}": v for tag, v in scores.items()}}


def _mean_over_pairs(loss: Tensor, n_pairs: Tensor) -> Tensor:
    return (loss * n_pairs).sum() / n_pairs.sum()
