"""Reactivities as energies of stems: what a base that reacts costs where it is paired.

Any agent that adds a number per stem can use them, knots included: unlike `probing` no programme
has to fold again. Bases left unpaired need no term of their own, as what they would pay is the sum
over all bases, which is the same for every structure, less what the paired ones pay.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from boxfold.features.box import stem_base_pairs
from boxfold.features.probing_noise import ProbingNoise
from boxfold.features.reactivity import Reactivity
from boxfold.features.structure import IntArray
from boxfold.rewards.probing import INTERCEPT, SLOPE

ProbingForm = Literal["stacks", "bases"]
EnergyArray = NDArray[np.float64]

HIGH = 1.6
"""What high reactivities are scaled to: files come in many units."""

_OUTLIERS, _HIGH = 0.02, 0.10  # the highest 2 % say nothing of the scale, the next 8 % are 1


@dataclass(frozen=True)
class ProbingEnergyConfig:
    """How reactivities become energies.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    form: ProbingForm = field(
        default="bases",
        metadata={
            "help": "stacks: Deigan's pseudo-energies, each base once for each stack that it is "
            "in; bases: log-likelihood ratio of unpaired to paired, each paired base once"
        },
    )
    weight: float = field(
        default=1.0,
        metadata={"help": "factor of Deigan's energies, or kcal/mol per natural log unit"},
    )
    slope: float = field(default=SLOPE, metadata={"help": "kcal/mol, of stacks"})
    intercept: float = field(default=INTERCEPT, metadata={"help": "kcal/mol, of stacks"})
    scale: float = field(
        default=HIGH,
        metadata={"help": "high reactivities are brought here first; 0: taken as they are"},
    )

    def __post_init__(self) -> None:
        if self.form not in get_args(ProbingForm):
            raise ValueError(f"form is '{self.form}' (allowed: {', '.join(get_args(ProbingForm))})")
        if not 0 <= self.scale < np.inf or not 0 <= self.weight < np.inf:
            raise ValueError("weight and scale are finite and not negative")


def probing_energies(
    boxes: IntArray, reactivity: Reactivity, config: ProbingEnergyConfig | None = None
) -> EnergyArray:
    """What stems pay for the reactivities of their bases.

    Form ``stacks``: each base pays ``slope * ln(reactivity + 1) + intercept`` (Deigan et al. 2009),
    the bases of the ends once, those between twice, a single pair nothing, as in ViennaRNA.

    Parameters
    ----------
    boxes : ndarray, dtype=int, shape (N, 5)
        Stems.
    reactivity : ndarray, dtype=float32, shape (L,)
        NaN, where it is missing, adds nothing.
    config : ProbingEnergyConfig, optional

    Returns
    -------
    ndarray, dtype=float64, shape (N,)
        kcal/mol; negative is good.

    Examples
    --------
    >>> profile = np.array([0, 0, 0, 1, 1, 1, 0, 0, 0], dtype=np.float32)
    >>> boxes = np.array([[0, 0, 6, 3, 3], [0, 2, 6, 1, 1]])
    >>> deigan = ProbingEnergyConfig("stacks", scale=0)
    >>> probing_energies(boxes, profile, deigan).round(2).tolist()
    [-4.8, 0.0]
    """
    config = config or ProbingEnergyConfig()
    values = scaled(reactivity, config.scale) if config.scale else reactivity
    if config.form == "bases":
        base = log_odds_unpaired(values)
    else:
        base = config.slope * np.log1p(values.astype(np.float64)) + config.intercept
    pair = np.nan_to_num(base)[stem_base_pairs(boxes)].sum(axis=1)
    sizes = boxes[:, 3]
    last = np.cumsum(sizes) - 1
    total = np.bincount(np.repeat(np.arange(len(boxes)), sizes), pair, len(boxes))
    if config.form == "stacks":
        total = 2 * total - pair[last - sizes + 1] - pair[last]
    return (config.weight * total).astype(np.float64)


def scaled(reactivity: Reactivity, high: float = 1.0) -> Reactivity:
    """Profile whose high values have the mean `high`: files come in many units.

    High are the values below the highest 2 % and among the highest 10 %. A profile of zeros stays.

    Examples
    --------
    >>> scaled(np.array([8, 4, 2, np.nan], dtype=np.float32)).tolist()
    [1.0, 0.5, 0.25, nan]
    """
    known = np.sort(reactivity[~np.isnan(reactivity)])[::-1]
    first = round(_OUTLIERS * len(known))
    mean = known[first : max(round(_HIGH * len(known)), first + 1)].mean() if len(known) else 0.0
    return reactivity * np.float32(high / mean) if mean > 0 else reactivity


def log_odds_unpaired(reactivity: Reactivity) -> EnergyArray:
    """Log-likelihood ratio of unpaired to paired by `ProbingNoise`; shape (L,), NaN stays.

    It never falls as reactivity rises: the model's tails do, near zero and far above one.

    Examples
    --------
    >>> log_odds_unpaired(np.array([0, 0.25, 1, 9], dtype=np.float32)).round(2).tolist()
    [-1.46, -0.02, 1.69, 1.88]
    """
    grid, ratio = _ratios()
    return np.interp(reactivity.astype(np.float64), grid, ratio)


@cache
def _ratios() -> tuple[EnergyArray, EnergyArray]:
    """`log_odds_unpaired` on a grid of reactivities, without the model's fall near zero."""
    from scipy.stats import gamma, genextreme  # takes a second, and only probing needs it

    noise = ProbingNoise()
    grid = np.linspace(0.0, noise.largest, 401)
    unpaired = gamma(noise.unpaired_shape, scale=1 / noise.unpaired_rate)
    # SciPy's shape of an extreme value distribution has the other sign.
    paired = genextreme(-noise.paired_tail, noise.paired_location, noise.paired_scale)
    ratio = unpaired.logpdf(grid) - paired.logpdf(grid)
    least = int(np.argmin(ratio[1:])) + 1  # at zero itself a gamma density has no limit
    return grid, np.maximum.accumulate(np.where(np.arange(len(grid)) < least, ratio[least], ratio))
