"""What a worker process of a command imports before its own work."""

import subprocess
import sys

from tests.cli.parts import ROOT

# As multiprocessing does in every worker: the program's main module once more, under another name.
_AS_A_WORKER = """
import runpy, sys
runpy.run_module("api.cli.__main__", run_name="__mp_main__")
print(sorted({name for name in sys.modules if name.startswith("api.cli.") or name in ("typer", "numpy")}))
"""


def test_a_worker_imports_no_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AS_A_WORKER], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
