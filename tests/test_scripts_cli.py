import argparse
import importlib
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from boxfold.features.errors import InputError
from boxfold.scripts import cli, common
from boxfold.scripts.verbs import SEE_ALSO


def fake_verb(run) -> ModuleType:
    module = ModuleType("sleepy_verb")
    module.__file__ = "/somewhere/sleepy_verb.py"
    module.DESCRIPTION = "Does nothing."
    module.EXAMPLE = "boxfold sleepy-verb --size 3"
    module.add_arguments = lambda parser: parser.add_argument("--size", type=common.positive_int)
    module.run = run
    return module


def fails_with(error: BaseException):
    def run(args: argparse.Namespace) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    "text, expected", [("64", (64, 64)), ("20-200", (20, 200)), ("5-5", (5, 5))]
)
def test_int_range(text, expected):
    assert common.int_range(text) == expected


@pytest.mark.parametrize("text", ["200-20", "0", "0-5", "a", "3-", "-3", "3-4-5", "", "2.5"])
def test_int_range_refuses(text):
    with pytest.raises(argparse.ArgumentTypeError):
        common.int_range(text)


@pytest.mark.parametrize("text", ["-0.1", "1.1", "nan", "x", ""])
def test_probability_refuses(text):
    with pytest.raises(argparse.ArgumentTypeError):
        common.probability(text)


def test_probability_takes_both_ends():
    assert (common.probability("0"), common.probability("1")) == (0.0, 1.0)


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "x"])
def test_positive_float_refuses(text):
    with pytest.raises(argparse.ArgumentTypeError):
        common.positive_float(text)


def test_shared_flags_have_their_defaults():
    seen = {}
    code = common.verb_main(fake_verb(lambda args: seen.update(vars(args)) or 0), ["--size", "3"])
    assert code == 0
    assert seen == {"size": 3, "seed": 0, "threads": 1, "overwrite": False}


@pytest.mark.parametrize(
    "flags, part",
    [
        (["--threads", "0"], "'0' is too small (at least 1)"),
        (["--threads", "x"], "'x' is not an integer"),
        (["--seed", "-1"], "'-1' is too small (at least 0)"),
        (["--siz", "3"], "unrecognized arguments: --siz 3"),
        (["--size"], "expected one argument"),
    ],
)
def test_bad_flag_is_one_line(flags, part, capsys):
    assert common.verb_main(fake_verb(lambda args: 0), flags) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("boxfold sleepy-verb: error: ")
    assert part in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    "error, code, text",
    [
        (InputError("a.fa: is empty"), 2, "boxfold sleepy-verb: error: a.fa: is empty\n"),
        (InputError("two\nlines"), 2, "boxfold sleepy-verb: error: two lines\n"),
        (KeyboardInterrupt(), 130, "boxfold sleepy-verb: interrupted\n"),
        (common.Terminated(), 143, "boxfold sleepy-verb: terminated\n"),
        (
            OSError(28, "No space left on device", "x.fa"),
            2,
            "boxfold sleepy-verb: error: x.fa: No space left on device\n",
        ),
    ],
)
def test_errors_become_exit_codes(error, code, text, capsys):
    assert common.verb_main(fake_verb(fails_with(error)), []) == code
    assert capsys.readouterr().err == text


def test_out_of_memory_is_one_line(capsys):
    assert common.verb_main(fake_verb(fails_with(MemoryError())), []) == 2
    assert "not enough memory" in capsys.readouterr().err


def test_programming_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError):
        common.verb_main(fake_verb(lambda args: 1 // 0), [])


def test_closed_pipe_is_quiet(capfd):
    assert common.guarded("x", lambda: fails_with(BrokenPipeError())(argparse.Namespace())) == 141
    assert capfd.readouterr().err == ""


def test_sigterm_unwinds_and_is_restored(capsys):
    before = signal.getsignal(signal.SIGTERM)
    cleaned = []

    def run(args: argparse.Namespace) -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            cleaned.append(True)
        return 0

    assert common.verb_main(fake_verb(run), []) == 143
    assert cleaned == [True]
    assert signal.getsignal(signal.SIGTERM) is before


def test_help_shows_the_example_and_no_empty_defaults(capsys):
    with pytest.raises(SystemExit) as caught:
        common.verb_main(fake_verb(lambda args: 0), ["--help"])
    text = capsys.readouterr().out
    assert caught.value.code == 0
    assert "\nEXAMPLES\n    boxfold sleepy-verb --size 3\n" in text
    assert text.startswith("NAME\n    boxfold sleepy-verb - Does nothing\n\nSYNOPSIS\n    boxfold ")
    assert "(default: 1)" in text
    assert "None" not in text and "False" not in text


def test_progress_prints_plain_lines_off_a_terminal(capsys):
    assert list(common.progress([7, 8], 2, "folding", every=0.0)) == [7, 8]
    assert capsys.readouterr().err == "folding: 1/2, 0 s\nfolding: 2/2, 0 s\n"


def test_short_work_prints_nothing(capsys):
    assert list(common.progress(range(5), 5, "folding")) == [0, 1, 2, 3, 4]
    assert capsys.readouterr().err == ""


def test_unknown_verb_lists_the_choices(capsys):
    assert cli.main(["fold"]) == 2
    text = capsys.readouterr().err
    assert text.startswith("boxfold: error: unknown verb 'fold'")
    assert all(verb in text for verb in cli.VERBS)
    assert text.count("\n") == 1


def test_no_verb_lists_the_choices(capsys):
    assert cli.main([]) == 2
    assert "a verb is needed (choose from dataset" in capsys.readouterr().err


def test_top_help_names_every_verb(capsys):
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n    {verb} " in text for verb in cli.VERBS)


def test_top_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom boxfold.scripts.cli import main\nmain(['--help'])\n"
        "print(sorted({'numpy', 'torch', 'pandas', 'RNA'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help_with_an_example(verb, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([verb, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert f"\nSYNOPSIS\n    boxfold {verb} " in text
    assert text.startswith(f"NAME\n    boxfold {verb} - {cli.VERBS[verb]}\n")
    for flag in ("--seed", "--threads", "--overwrite"):
        assert flag in text
    assert f"boxfold {verb} " in text.partition("\nEXAMPLES\n")[2]


@pytest.mark.parametrize("verb", cli.VERBS)
def test_the_example_of_every_verb_parses(verb):
    text = verb_module(verb).EXAMPLE.replace("\\\n", " ")
    commands = re.findall(r"boxfold ([a-z0-9-]+) ([^#|\n]*)", text)
    assert verb in [name for name, _ in commands]
    for name, flags in commands:
        args = common.verb_parser(verb_module(name)).parse_args(flags.split())
        assert args.threads == 1


def verb_module(verb: str) -> ModuleType:
    return importlib.import_module(f"boxfold.scripts.{verb.replace('-', '_')}")


def test_sections_come_in_the_order_of_manual_pages(capsys):
    with pytest.raises(SystemExit):
        cli.main(["train-agent", "--help"])
    titles = re.findall(r"^[A-Z][A-Z ]+$", capsys.readouterr().out, re.MULTILINE)
    assert titles == [
        *("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"),
        *("EXAMPLES", "FILES", "EXIT STATUS", "SEE ALSO"),
    ]


def test_see_also_names_verbs_and_files_that_are_there():
    root = Path(__file__).parent.parent
    assert set(SEE_ALSO) == set(cli.VERBS)
    for verb, text in SEE_ALSO.items():
        for name in text.split(", "):
            assert name != verb
            assert name in cli.VERBS or (root / name).is_file(), name
