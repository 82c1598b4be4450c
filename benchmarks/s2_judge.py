"""Learning to judge boxes: the assembling network on a feature set, or boosted trees."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from s2_windows import SEPARATOR, FeatureSet, K, Window
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from boxfold.agents.network import AssemblyNetwork, NetworkConfig
from boxfold.agents.rollout import first_logits
from boxfold.envs.slots import MAX_LOOP
from boxfold.features.token_names import N_TOKEN_FEATURES

BATCH = 8
"""Windows of one step."""

Scores = list[NDArray[np.float64]]
"""One number per box, an array of shape (N,) per window; the higher, the likelier."""


class BoxEncoder(nn.Module):
    """Reads the bases of a box in both directions.

    Parameters
    ----------
    width : int
        Hidden units of one direction.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.embed = nn.Embedding(SEPARATOR + 1, 8, padding_idx=0)
        self.read = nn.GRU(8, width, batch_first=True, bidirectional=True)

    def forward(self, letters: Tensor) -> Tensor:
        """Mean of what was read of each box.

        Parameters
        ----------
        letters : Tensor, dtype=int64, shape (S, T)
            0 in padding.

        Returns
        -------
        Tensor, dtype=float32, shape (S, 2 * width)
        """
        lengths = (letters > 0).sum(dim=1).clamp(min=1)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embed(letters), lengths, batch_first=True, enforce_sorted=False
        )
        _, last = self.read(packed)
        return torch.cat([last[0], last[1]], dim=1)


class BoxJudge(nn.Module):
    """The assembling network with nothing picked, on the columns of one feature set.

    Parameters
    ----------
    features : FeatureSet
    """

    def __init__(self, features: FeatureSet) -> None:
        super().__init__()
        self.features = features
        self.encoder = BoxEncoder() if features.encoder else None
        more = 2 * 4**K * features.words + 32 * features.encoder
        config = NetworkConfig(
            loop_energies=features.loop_energies, n_token_features=N_TOKEN_FEATURES + more
        )
        self.network = AssemblyNetwork(config)

    def forward(self, windows: Sequence[Window]) -> Tensor:
        """Logits, dtype=float32, shape (number of all boxes,)."""
        B, N = len(windows), max(len(each.boxes) for each in windows)
        parts = [self._columns(each) for each in windows]
        tokens = torch.zeros(B, N, parts[0].shape[1])
        boxes = torch.full((B, N, 5), -1, dtype=torch.int32)
        loop_energy = torch.zeros(B, N, N)
        for b, (window, part) in enumerate(zip(windows, parts, strict=True)):
            n_stems = window.instance.n_boxes
            tokens[b, : len(part)] = part
            boxes[b, : len(part)] = torch.from_numpy(self.features.seen(window.boxes)).int()
            if self.features.loop_energies:
                scaled = _scaled(window.instance.loop_energies)
                loop_energy[b, :n_stems, :n_stems] = torch.from_numpy(scaled)
        present = boxes[..., 3] > 0
        if self.encoder is not None:
            letters = np.concatenate([each.letters for each in windows])
            read = self.encoder(torch.from_numpy(letters).long())
            spread = torch.zeros(B, N, read.shape[1]).masked_scatter(present[..., None], read)
            tokens = torch.cat([tokens, spread], dim=2)
        return first_logits(self.network, tokens, boxes, loop_energy)[present]

    def _columns(self, window: Window) -> Tensor:
        shown = [window.tokens * self.features.mask.astype(np.float32)]
        if self.features.words:
            shown.append(window.words.astype(np.float32) / 2)
        return torch.from_numpy(np.concatenate(shown, axis=1))


def _scaled(energies: NDArray[np.float64]) -> NDArray[np.float32]:
    """As `envs.slots.Slots.loop_energy` is."""
    bounded = np.clip(energies / 5, -MAX_LOOP, MAX_LOOP)
    return np.where(np.isfinite(energies), bounded, 0).astype(np.float32)


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
