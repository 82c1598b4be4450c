"""What C prints inside is gone; what Python prints before and after is whole and in order."""

import subprocess
import sys

CODE = """
import ctypes
from boxfold.features.silence import silenced_stdout
libc = ctypes.CDLL(None)
print("before")
libc.printf(b"kept\\n")
with silenced_stdout():
    libc.printf(b"from C\\n")
    print("from Python", flush=True)
print("after")
"""


def test_only_what_is_printed_outside_is_seen():
    found = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["before", "kept", "after"]
    assert found.stderr == ""


def test_without_standard_output_nothing_fails():
    code = "import os; os.close(1)\nfrom boxfold.features.silence import silenced_stdout\n"
    code += "with silenced_stdout():\n    pass"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
