"""No code of a file is run unless asked for in so many words: what would do so is not used."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("features", "rewards", "s1", "envs", "agents", "scripts")
SOURCES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))

FORBIDDEN_MODULES = {
    *("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle"),
    *("hickle", "code", "codeop", "xml", "xmlrpc", "telnetlib"),
}
"""They run what a file says, or read it in ways that are known to be unsafe."""

FORBIDDEN_CALLS = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen"),
    *("torch.load", "torch.hub.load", "torch.jit.load", "joblib.load", "pd.read_pickle"),
    *("pd.DataFrame.to_pickle", "np.loads", "yaml.load", "yaml.unsafe_load", "yaml.full_load"),
    *("yaml.load_all", "tempfile.mktemp"),
}

ASKED_FOR = {("agents/sb3_training.py", "algorithm.load")}
"""The loader of Stable-Baselines3: `load_zip`, which only ``--trust-pickle`` reaches."""

OWN_PROCESSES = {"s1/engine.py", "s1/cluster.py"}
"""Work on its way to processes that this run started, or to the Dask scheduler that ``--cluster``
names; never a file of the user."""

STARTED = {"agents/timed_run.py", "s1/inspection/cost.py"}
"""Files that start other programs: this interpreter, with arguments in a list."""


def dotted(node):
    """``a.b.c`` of an expression; empty if it is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value) or '?'}.{node.attr}"
    return ""


def imported(node):
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return {node.module or ""} if isinstance(node, ast.ImportFrom) else set()


def findings(source, name):
    """What is forbidden in a source: lines with words."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for module in imported(node):
            is_work = module == "pickle" and name in OWN_PROCESSES
            if module.split(".")[0] in FORBIDDEN_MODULES and not is_work:
                found.append((node.lineno, f"imports {module}"))
            if module.split(".")[0] == "subprocess" and name not in STARTED:
                found.append((node.lineno, "starts programs"))
        if not isinstance(node, ast.Call):
            continue
        call = dotted(node.func)
        if call in FORBIDDEN_CALLS or (call.endswith(("PPO.load", "A2C.load", "algorithm.load"))):
            found.append((node.lineno, call))
        for word in node.keywords:
            is_on = not (isinstance(word.value, ast.Constant) and not word.value.value)
            if word.arg in ("allow_pickle", "shell", "weights_only") and is_on:
                found.append((node.lineno, f"{call}({word.arg}=...)"))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_loads_code(path):
    name = path.relative_to(ROOT).as_posix()
    found = findings(path.read_text(encoding="utf-8"), name)
    assert [(line, what) for line, what in found if (name, what) not in ASKED_FOR] == []


def test_the_one_loader_of_pickles_is_where_it_was():
    (name, what), *_ = ASKED_FOR
    assert [w for _, w in findings((ROOT / name).read_text(encoding="utf-8"), name)] == [what]
    users = [path for path in SOURCES if "load_zip" in path.read_text(encoding="utf-8")]
    assert {path.name for path in users} == {"sb3_training.py", "train_agent.py"}
    text = (ROOT / "scripts" / "train_agent.py").read_text(encoding="utf-8")
    before, _, after = text.partition("return load_zip(path)")
    assert "if not args.trust_pickle:" in before and "load_zip" not in after


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib.externals import cloudpickle as c\nimport cloudpickle",
        "import torch\ntorch.load('x')",
        "np.load('x', allow_pickle=True)",
        "subprocess.run('ls', shell=True)",
        "import yaml\nyaml.load(text, yaml.Loader)",
        "eval('1')",
        "from stable_baselines3 import PPO\nPPO.load('x')",
        "import subprocess",
    ],
)
def test_it_would_be_found(source):
    assert findings(source, "x.py")


def test_a_model_that_is_a_pickle_needs_the_flag(tmp_path, proposals, call):
    path = tmp_path / "model.zip"
    path.write_bytes(b"PK\x05\x06" + bytes(18))
    flags = ["train-agent", "--data", proposals, "--algorithm", "ppo", "--out", tmp_path / "run"]
    outcome = call(*flags, "--init", path)
    assert outcome.is_one_line("train-agent", "may run code; --trust-pickle allows it")
    outcome = call(*flags, "--init", path, "--trust-pickle")
    assert outcome.is_one_line("train-agent", str(path), "can't be loaded")


def test_a_pickle_by_another_name_is_not_loaded(tmp_path, proposals, call):
    """Weights are safetensors whatever they are called: the bytes of a pickle run nowhere."""
    import pickle

    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "it_ran",)

    for name in ("w.safetensors", "w.pt", "w.pkl", "w.json", "w.yaml", "w.parquet"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    source = tmp_path / "a.fa"
    source.write_text(">a\nGGGGAAAACCCC\n")
    for name in ("w.safetensors", "w.pt", "w.pkl"):
        path = tmp_path / name
        assert call("predict", source, "--s1", path).is_one_line("predict", str(path))
        assert call("predict", source, "--agent", path).is_one_line("predict", str(path))
    out = ["--out", tmp_path / "out"]
    for name in ("w.parquet", "w.pkl"):
        outcome = call("propose", "--data", tmp_path / name, "--method", "runs", *out)
        assert outcome.is_one_line("propose", name)
    reward = ["--reward", tmp_path / "w.yaml"]
    outcome = call("evaluate", "--data", proposals, "--agents", "beam", *reward, *out)
    assert outcome.is_one_line("evaluate", "w.yaml")
    assert not (tmp_path / "it_ran").exists()
