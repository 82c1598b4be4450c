"""Settings for every test, and the small artefacts that several share."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from boxfold.scripts import cli

# Same examples every time, and no clock: a busy machine must not fail a test.
settings.register_profile(
    "boxfold", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("boxfold")


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the small files that the tests of the verbs share."""
    return tmp_path_factory.mktemp("artefacts")


@pytest.fixture(scope="session")
def untrained_s1(artefacts: Path) -> Path:
    """Weights of a small S1 that never learnt: enough to propose boxes."""
    import torch  # here: tests of features start without it

    from boxfold.s1.network import BoxNet, NetworkConfig
    from boxfold.s1.run_folder import save_tensors

    torch.manual_seed(0)
    config = NetworkConfig(channels=8, n_blocks=1)
    path = artefacts / "untrained.safetensors"
    meta = {"kind": "s1", "network": dataclasses.asdict(config)}
    save_tensors(path, BoxNet(config).state_dict(), meta)
    return path


@pytest.fixture(scope="session")
def windows(artefacts: Path) -> Path:
    """Sixty synthetic windows of 40 nt, folded."""
    path = artefacts / "windows.parquet"
    flags = ["--synthetic", "--length", "40", "--count", "60", "--split", "0.8"]
    assert cli.main(["dataset", *flags, "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="session")
def proposals(artefacts: Path, windows: Path) -> Path:
    """Boxes of `windows` by the enumeration of runs."""
    path = artefacts / "proposals.parquet"
    flags = ["--data", str(windows), "--method", "runs", "--max-boxes", "16"]
    assert cli.main(["propose", *flags, "--out", str(path)]) == 0
    return path
