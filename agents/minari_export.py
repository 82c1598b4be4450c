"""Episodes as a data set of Minari, the exchange format of offline reinforcement learning."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from boxfold.agents.expert import Episode
from boxfold.features.errors import InputError
from boxfold.features.files import atomic_folder

ALGORITHM = "exact optimum over the proposed boxes, picked in random order"

_ID = re.compile(r"([A-Za-z0-9_][-\w]*/)*[A-Za-z0-9_][-\w]*-v\d+", re.ASCII)


def dataset_folder(root: str | Path, dataset_id: str, overwrite: bool = True) -> Path:
    """Folder of a data set below a root, as `minari.load_dataset` looks for it.

    Parameters
    ----------
    root : str or Path
        What ``MINARI_DATASETS_PATH`` is to name.
    dataset_id : str
        ``[namespace/]name-vN``.
    overwrite : bool
        Whether a data set that is there may be replaced.

    Raises
    ------
    InputError
        If the id is none, or the folder is there and no data set or not to be replaced.
    """
    if not _ID.fullmatch(dataset_id):
        raise InputError(f"'{dataset_id}' is no id of a data set (write [namespace/]name-v0)")
    folder = Path(root) / dataset_id
    if folder.exists() and not (folder / "data" / "metadata.json").exists():
        raise InputError(f"{folder}: exists already and holds no data set of Minari")
    if folder.exists() and not overwrite:
        raise InputError(f"{folder}: exists already (use --overwrite to replace it)")
    return folder


def write_minari(
    episodes: Iterable[Episode],
    env: gymnasium.Env[Any, Any],
    folder: Path,
    dataset_id: str,
    description: str,
    facts: dict[str, Any] | None = None,
) -> int:
    """Write a data set, whole or not at all; the same episodes give the same bytes.

    Parameters
    ----------
    episodes : iterable of Episode
        Taken one by one.
    env : gymnasium.Env
        Made by `gymnasium.make` from an id: its spec is kept, so that
        ``dataset.recover_environment()`` makes it again.
    folder : Path
        See `dataset_folder`; one that exists is replaced.
    dataset_id : str
    description : str
    facts : dict, optional
        JSON-able; further entries of the metadata.

    Returns
    -------
    int
        Number of steps.

    Raises
    ------
    InputError
        If the folder can't be written.
    """
    from minari.data_collector.episode_buffer import EpisodeBuffer
    from minari.dataset.minari_storage import MinariStorage

    with atomic_folder(folder) as temporary:
        storage = MinariStorage.new(
            temporary / "data",
            observation_space=env.observation_space,
            action_space=env.action_space,
            env_spec=env.spec,
            data_format="parquet",  # tokens repeat at each step: far smaller than arrow, hdf5
        )
        measure, storage.get_size = storage.get_size, lambda: 0.0  # else after every episode
        storage.update_metadata(
            {
                "dataset_id": dataset_id,
                "minari_version": version("minari"),
                "description": description,
                "algorithm_name": ALGORITHM,
                "boxfold_version": version("boxfold"),
                "requirements": [f"boxfold=={version('boxfold')}"],
                **(facts or {}),
            }
        )
        storage.update_episodes(EpisodeBuffer(**_columns(each)) for each in episodes)
        storage.update_metadata({"dataset_size": float(measure())})
        return int(storage.total_steps)


def _columns(episode: Episode) -> dict[str, Any]:
    """Fields of `minari.data_collector.EpisodeBuffer`; infos have a line per observation."""
    n_seen = len(episode.actions) + 1
    return {
        "observations": episode.observations,
        "actions": episode.actions,
        "rewards": episode.rewards,
        "terminations": episode.terminations,
        "truncations": np.zeros_like(episode.terminations),
        "infos": {"id": [episode.id] * n_seen, "seq": [episode.seq] * n_seen},
    }
