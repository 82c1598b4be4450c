"""What a training of S1 minimises: the losses of trunk and heads, or that of the rescorer."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from boxfold.features.box import BoxKind
from boxfold.s1.batches import Example, example_tensors, stack_end_targets
from boxfold.s1.box_graph import stack_graphs, stems_first
from boxfold.s1.box_losses import box_loss
from boxfold.s1.ends import end_loss
from boxfold.s1.loop_ends import loop_losses, loop_targets
from boxfold.s1.model import S1Model
from boxfold.s1.network import BoxNet
from boxfold.s1.scored_boxes import Candidates
from boxfold.s1.training_config import TrainS1Config
from boxfold.s1.validation import found_boxes, stack_box_targets, validation_metrics

_Losses = tuple[Tensor, dict[str, Tensor]]


class HeadsObjective:
    """Weighted sum of the losses of all heads.

    Parameters
    ----------
    network : BoxNet
    config : TrainS1Config

    Attributes
    ----------
    parameters : list of Parameter
        What is trained.
    """

    def __init__(self, network: BoxNet, config: TrainS1Config) -> None:
        self._network, self._config = network, config
        self.parameters: list[nn.Parameter] = list(network.parameters())

    def losses(self, examples: list[Example]) -> _Losses:
        """What is minimised, a mean over examples, and the terms that it is made of."""
        weights = {
            "ends": self._config.ends_weight,
            "loops": self._config.loops_weight,
            "boxes": self._config.boxes_weight,
        }
        losses = self._terms(examples)
        total = sum(weights[name.split("/")[0]] * value for name, value in losses.items())
        assert isinstance(total, Tensor)
        return total, losses

    def _terms(self, examples: list[Example]) -> dict[str, Tensor]:
        network = self._network
        grid, valid, canonical = example_tensors(examples, network.config.prior)
        length = grid.shape[-1]
        # Weights, heads and losses stay in single precision.
        with torch.autocast("cpu", torch.bfloat16, enabled=self._config.bfloat16):
            features = network(grid, valid).float()
        ends = stack_end_targets(examples, length, self._config.soft)
        loops = [loop_targets(example.boxes) for example in examples]
        losses = {
            **end_loss(network.ends, features, ends, canonical),
            **loop_losses(network.loops, features, loops),
        }
        if network.boxes is not None:
            boxes = stack_box_targets(examples, length, self._config.on_dilation)
            losses |= box_loss(network.boxes, features, boxes)
        return losses

    def metrics(self, examples: Sequence[Example]) -> dict[str, float]:
        """`validation_metrics`; the best epoch has the highest ``score``."""
        return validation_metrics(self._network, examples, self._config.on_dilation)


class RescorerObjective:
    """Cross-entropy of "the structure has this box" over the candidates of each sequence.

    The sum over the candidates is divided by the length, so that all lengths weigh the same.

    Parameters
    ----------
    network : BoxNet
        With a rescorer.
    """

    def __init__(self, network: BoxNet) -> None:
        assert network.rescorer is not None
        self._network, self._rescorer = network, network.rescorer
        self.parameters: list[nn.Parameter] = list(network.rescorer.parameters())

    def losses(self, examples: list[Example]) -> _Losses:
        """See `HeadsObjective.losses`; a term for each kind of box."""
        model = S1Model(self._network)
        graphs, truth = [], []
        for index, maps in model.maps([example.seq for example in examples], votes=False):
            graph = Candidates(examples[index].seq, maps).graph
            graphs.append(graph)
            truth.append(found_boxes(graph.boxes, examples[index].boxes))
        batch = stack_graphs(graphs)
        wanted = stems_first(truth, np.array([graph.n_stems for graph in graphs]))
        loss = functional.binary_cross_entropy_with_logits(
            self._rescorer(batch), torch.from_numpy(wanted).float(), reduction="none"
        )
        lengths = torch.tensor([len(graph.codes) for graph in graphs])
        loss = loss / lengths[batch.of_sequence] / len(graphs)
        terms = {f"rescoring/{kind.label}": loss[batch.kind == kind].sum() for kind in BoxKind}
        return loss.sum(), terms

    def metrics(self, examples: Sequence[Example]) -> dict[str, float]:
        """Mean loss and its terms; the best epoch has the highest ``score``."""
        sums: dict[str, float] = {}
        with torch.no_grad():
            for start in range(0, len(examples), _AT_ONCE):
                part = list(examples[start : start + _AT_ONCE])
                _, terms = self.losses(part)
                for name, value in terms.items():
                    sums[name] = sums.get(name, 0.0) + float(value) * len(part)
        means = {  # by other names than the losses, which are logged beside them
            name.replace("rescoring/", "cross_entropy/"): value / len(examples)
            for name, value in sums.items()
        }
        return means | {"score": -sum(means.values())}


_AT_ONCE = 16

Objective = HeadsObjective | RescorerObjective


def objective_of(network: BoxNet, config: TrainS1Config) -> Objective:
    """What a config trains."""
    return RescorerObjective(network) if config.rescorer_only else HeadsObjective(network, config)
