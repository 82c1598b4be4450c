"""Learning to judge boxes: the assembling network on a feature set, or boosted trees."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from s2_windows import FeatureSet, Window
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from boxfold.agents.learned_agents import first_logits
from boxfold.agents.network import AssemblyNetwork
from boxfold.agents.network_config import NetworkConfig
from boxfold.envs.slots import scaled_energies
from boxfold.features.token_names import N_TOKEN_FEATURES

BATCH = 8
"""Windows of one step."""

Scores = list[NDArray[np.float64]]
"""One number per box, an array of shape (N,) per window; the higher, the likelier."""


class BoxJudge(nn.Module):
    """The assembling network with nothing picked, on the columns of one feature set.

    Parameters
    ----------
    features : FeatureSet
    """

    def __init__(self, features: FeatureSet) -> None:
        super().__init__()
        self.features = features
        names = ("loop_energies", "kmers", "box_sequence", "background")
        config = NetworkConfig(**{name: getattr(features, name) for name in names})
        self.network = AssemblyNetwork(config)

    def forward(self, windows: Sequence[Window]) -> Tensor:
        """Logits, dtype=float32, shape (number of all boxes,)."""
        B, N = len(windows), max(len(each.boxes) for each in windows)
        tokens = torch.zeros(B, N, N_TOKEN_FEATURES)
        boxes = torch.full((B, N, 5), -1, dtype=torch.int32)
        loop_energy = torch.zeros(B, N, N)
        bases = torch.full((B, max(len(each.bases) for each in windows)), -1, dtype=torch.int8)
        mask = self.features.mask.astype(np.float32)
        for b, window in enumerate(windows):
            n_boxes, n_stems = len(window.boxes), window.instance.n_boxes
            tokens[b, :n_boxes] = torch.from_numpy(window.tokens * mask)
            boxes[b, :n_boxes] = torch.from_numpy(self.features.seen(window.boxes)).int()
            if self.features.loop_energies:
                scaled = scaled_energies(window.instance.loop_energies)
                loop_energy[b, :n_stems, :n_stems] = torch.from_numpy(scaled)
            bases[b, : len(window.bases)] = torch.from_numpy(window.bases)
        return first_logits(self.network, tokens, boxes, loop_energy, bases)[boxes[..., 3] > 0]


def trained(features: FeatureSet, windows: Sequence[Window], epochs: int, seed: int) -> BoxJudge:
    """Train on every box of some windows; the last epoch is kept, so nothing is selected.

    Settings are those of `train-supervised`, with smaller batches for the short training.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    judge = BoxJudge(features)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=1e-3, weight_decay=1e-4)
    n_steps = epochs * -(-len(windows) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1e-3, total_steps=n_steps + epochs, pct_start=0.05
    )
    for _ in range(epochs):
        for batch in _batches(windows, rng):
            target = torch.from_numpy(np.concatenate([each.label for each in batch])).float()
            loss = binary_cross_entropy_with_logits(judge(batch), target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return judge.eval()


def _batches(windows: Sequence[Window], rng: np.random.Generator) -> Iterator[list[Window]]:
    """Batches of about equal numbers of boxes, in random order."""
    noisy = [len(each.boxes) + rng.normal(0, 4) for each in windows]
    n_batches = -(-len(windows) // BATCH)
    parts = np.array_split(np.argsort(noisy), n_batches)
    for index in rng.permutation(n_batches):
        yield [windows[row] for row in parts[index]]


@torch.no_grad()
def scores_of(judge: BoxJudge, windows: Sequence[Window]) -> Scores:
    """Logits of a trained network."""
    found = []
    for start in range(0, len(windows), 64):
        chunk = windows[start : start + 64]
        found += _split(judge(chunk).double().numpy(), chunk)
    return found


def boosted(
    features: FeatureSet, train: Sequence[Window], judged: Sequence[Window], seed: int
) -> Scores:
    """Each box by itself: gradient-boosted trees on the columns that the network sees."""
    columns = features.mask
    rows = [np.concatenate([each.tokens for each in some])[:, columns] for some in (train, judged)]
    label = np.concatenate([each.label for each in train])
    trees = HistGradientBoostingClassifier(max_iter=200, random_state=seed).fit(rows[0], label)
    return _split(trees.decision_function(rows[1]).astype(np.float64), judged)


def _split(values: NDArray[np.float64], windows: Sequence[Window]) -> Scores:
    return list(np.split(values, np.cumsum([len(each.label) for each in windows])[:-1]))
