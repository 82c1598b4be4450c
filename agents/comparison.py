"""Are two agents different? Intervals over seeds and sequences of `evaluate_agents` tables."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from boxfold.features.errors import InputError

RESAMPLES = 10_000
"""Bootstrap samples of every interval."""

FloatArray = NDArray[np.float64]


class Interval(NamedTuple):
    """A statistic with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside."""
        return self.low > 0 or self.high < 0


def paired_difference(
    first: FloatArray,
    second: FloatArray,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    clusters: NDArray[np.integer] | None = None,
) -> Interval:
    """Mean difference between two agents on the same sequences, bootstrapped over sequences.

    Parameters
    ----------
    first, second : ndarray, dtype=float64, shape (runs, sequences)
        Any numbers of runs (seeds), of which each sequence's mean is taken.
    rng : numpy.random.Generator
    resamples : int
    clusters : ndarray, dtype=int, shape (sequences,), optional
        Families, numbered from 0: they are drawn as wholes, since sequences of one family are
        not independent. The value stays the mean over sequences.

    Returns
    -------
    Interval
        Of ``first - second``.
    """
    difference = first.mean(axis=0) - second.mean(axis=0)
    if clusters is None:
        clusters = np.arange(len(difference))
    sums, sizes = np.bincount(clusters, difference), np.bincount(clusters)
    n = len(sizes)
    means = []
    # Blocks keep the memory small: 10,000 x 1,000 indices would be 80 MB.
    for start in range(0, resamples, 1000):
        drawn = rng.integers(n, size=(min(1000, resamples - start), n))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return _interval(float(difference.mean()), np.concatenate(means))


def interquartile_mean(
    values: FloatArray, rng: np.random.Generator, resamples: int = 2000
) -> Interval:
    """Mean of the middle half of all values; interval by drawing runs anew for each sequence.

    Parameters
    ----------
    values : ndarray, dtype=float64, shape (runs, sequences)
    rng : numpy.random.Generator
    resamples : int

    References
    ----------
    Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice".

    Examples
    --------
    >>> values = np.array([[0.0, 1.0, 2.0, 100.0]])
    >>> interquartile_mean(values, np.random.default_rng(0)).value
    1.5
    """
    runs, sequences = values.shape
    columns = np.arange(sequences)
    drawn = [
        _middle(values[rng.integers(runs, size=values.shape), columns]) for _ in range(resamples)
    ]
    return _interval(_middle(values), np.array(drawn))


def _middle(values: FloatArray) -> float:
    ordered = np.sort(values, axis=None)
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())


def _interval(value: float, drawn: FloatArray) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def runs_of(table: pd.DataFrame, agents: Sequence[str], metric: str) -> pd.DataFrame:
    """Values of some agents on the sequences that all of them have one for.

    Parameters
    ----------
    table : DataFrame
        Of `evaluate_agents`.
    agents : sequence of str
        Names in the table.
    metric : str
        A column.

    Returns
    -------
    DataFrame
        A row per sequence, its id in the index; a column of float64 per agent.

    Raises
    ------
    InputError
        If an agent or the column is missing, an agent has two rows of one sequence, or no
        sequence has a value for every agent.
    """
    known = list(dict.fromkeys(table["agent"]))
    if unknown := [agent for agent in agents if agent not in known]:
        raise InputError(f"no agent '{unknown[0]}' in the table (it has {', '.join(known)})")
    if metric not in table.columns:
        raise InputError(f"no column '{metric}' in the table")
    rows = table[table["agent"].isin(agents)]
    if (twice := rows.duplicated(["id", "agent"])).any():
        row = rows[twice].iloc[0]
        raise InputError(f"record '{row['id']}' of agent '{row['agent']}' occurs twice")
    wide = rows.pivot(index="id", columns="agent", values=metric)[list(dict.fromkeys(agents))]
    wide = wide.astype(np.float64).dropna()
    if wide.empty:
        raise InputError(f"no sequence has '{metric}' for all of {', '.join(agents)}")
    return wide


def comparison_table(
    table: pd.DataFrame,
    groups: Sequence[Sequence[str]],
    metrics: Sequence[str],
    rng: np.random.Generator,
    families: pd.Series | None = None,
) -> pd.DataFrame:
    """One row per metric and group of runs; every group is compared with the first.

    Parameters
    ----------
    table : DataFrame
        Of `evaluate_agents`.
    groups : sequence of sequence of str
        Agents that are runs of one method.
    metrics : sequence of str
    rng : numpy.random.Generator
    families : Series, optional
        Family by id, for the interval of the difference, see `paired_difference`. A sequence
        without one is a family of its own.

    Returns
    -------
    DataFrame
        Each row over the ``n`` sequences that the group shares with the first: ``mean`` over
        runs, ``spread`` (standard deviation of the runs' means), interquartile mean and
        difference to the first group with their intervals.
    """
    rows = []
    for metric in metrics:
        for group in groups:
            wide = runs_of(table, [*groups[0], *group], metric)
            base, values = (wide[list(agents)].to_numpy().T for agents in (groups[0], group))
            clusters = None if families is None else family_numbers(wide.index, families)
            means = values.mean(axis=1)
            iqm = interquartile_mean(values, rng)
            difference = paired_difference(values, base, rng, clusters=clusters)
            rows.append(
                {
                    "metric": metric,
                    "runs": " ".join(group),
                    "n": len(wide),
                    "mean": means.mean(),
                    "spread": means.std(ddof=1) if len(means) > 1 else np.nan,
                    "iqm": iqm.value,
                    "iqm_low": iqm.low,
                    "iqm_high": iqm.high,
                    "difference": difference.value,
                    "difference_low": difference.low,
                    "difference_high": difference.high,
                }
            )
    return pd.DataFrame(rows)


def family_numbers(ids: pd.Index, families: pd.Series) -> NDArray[np.int64]:
    """Number of the family of each id; ids without one get numbers of their own.

    Examples
    --------
    >>> families = pd.Series({"a": "tRNA", "b": None, "c": "tRNA"})
    >>> family_numbers(pd.Index(["a", "b", "c", "d"]), families).tolist()
    [0, 1, 0, 2]
    """
    found = families.reindex(ids)
    labels = [("own", k) if pd.isna(name) else ("family", name) for k, name in enumerate(found)]
    return pd.factorize(pd.Series(labels, dtype=object))[0].astype(np.int64)
