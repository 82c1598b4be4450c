"""Settings for every test, and the small artefacts that several share."""

import dataclasses
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from boxfold.scripts import cli

# Same examples every time, and no clock: a busy machine must not fail a test.
settings.register_profile(
    "boxfold", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("boxfold")


@pytest.fixture
def tally(record_property) -> Callable[[str, str], None]:
    """Says in the table of `make stress` what a test tried and how often."""
    return lambda what, how_often: record_property("tried", (what, how_often))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of `make stress`; what was found is nothing, or the failure above it."""
    if terminalreporter.config.option.markexpr != "stress":
        return
    terminalreporter.section("what was tried")
    terminalreporter.line("| What | How often | Found | Seconds |\n|---|---|---|---|")
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            found = "nothing" if outcome == "passed" else "FAILED"
            tried = [value for name, value in report.user_properties if name == "tried"]
            for what, how_often in tried or [(report.nodeid, "")]:
                row = f"| {what} | {how_often} | {found} | {report.duration:.0f} |"
                terminalreporter.line(row)


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the small files that the tests of the verbs share."""
    return tmp_path_factory.mktemp("artefacts")


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[None]:
    """Modules of the folder ``benchmarks`` can be imported."""
    folder = str(Path(__file__).parent.parent / "benchmarks")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


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


@pytest.fixture(scope="session")
def chain_agent(artefacts: Path, proposals: Path) -> Path:
    """Run folder of a small policy that learnt next to nothing."""
    from chain import SMALL  # tests/stress

    flags = ["--data", str(proposals), *SMALL, "--algorithm", "clone", "--epochs", "1"]
    assert cli.main(["train-agent", *flags, "--out", str(artefacts / "agent")]) == 0
    return artefacts / "agent"


class Outcome(NamedTuple):
    """What a run of `boxfold` left behind."""

    code: int
    out: str
    err: str

    def is_one_line(self, verb: str, *parts: str) -> bool:
        """Did the verb stop with a single clear line that holds all of `parts`?"""
        assert self.code == 2, self.err
        assert self.err.startswith(f"boxfold {verb}: error: "), self.err
        assert self.err.count("\n") == 1, self.err
        assert not [part for part in parts if part not in self.err], self.err
        return True


@pytest.fixture
def agrees():
    """Asserts that something printed is what the documentation shows; CPU times aside.

    Words must be the same, numbers may differ by `rounding`: another CPU adds in another order, so
    trained agents then differ a little.
    """

    def words_and_numbers(text: str) -> tuple[list[str], list[float]]:
        text = re.sub(r"\d+ CPU s", "CPU s", text)
        lines = [" ".join(_NUMBER.sub("#", line).split()) for line in text.splitlines()]
        return lines, [float(each) for each in _NUMBER.findall(text)]

    def check(printed: str, shown: str, rounding: float) -> None:
        words, numbers = words_and_numbers(printed)
        wanted, near = words_and_numbers(shown)
        assert words == wanted
        assert numbers == pytest.approx(near, abs=rounding)

    return check


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture
def call(capsys):
    """Runs `boxfold` with flags, in this process."""

    def run(*flags: object) -> Outcome:
        code = cli.main([str(flag) for flag in flags])
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def predict(call, untrained_s1):
    """Runs `boxfold predict` with small weights."""

    def run(source: object, *flags: object, agent: object = "beam") -> Outcome:
        return call("predict", source, "--s1", untrained_s1, "--agent", agent, *flags)

    return run
