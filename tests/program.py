"""Run commands of the command line, each in a process that is forked from one that has loaded the server's modules.

A start of Python costs more than most commands do. What the command line itself imports is loaded by each command, in
its own environment. Tests of ``serve``, ``tick`` and ``demo`` start Python, as users do.
"""

import atexit
import gc
import importlib
import io
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOADED = ("api.app", "plugins.channels.smtp.channel", "rich.progress", "rich.table")
"""The modules that commands find loaded, with all that these import."""
SECONDS = 120
"""Seconds that a command may take."""


def touchline(environment: Mapping[str, str], folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end in a folder, with this environment and no other."""
    with tempfile.TemporaryDirectory() as outputs:
        out, err = Path(outputs) / "out", Path(outputs) / "err"
        asked = {"environment": dict(environment), "folder": str(folder), "arguments": arguments}
        zygote = _zygote()
        assert zygote.stdin is not None
        assert zygote.stdout is not None
        zygote.stdin.write(json.dumps({**asked, "out": str(out), "err": str(err)}) + "\n")
        zygote.stdin.flush()
        code = int(zygote.stdout.readline())
        return subprocess.CompletedProcess(
            arguments, code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        )


@cache
def _zygote() -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.program"]
    started = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(started.terminate)
    return started


def _fork_for_each_line() -> None:
    for module in LOADED:
        importlib.import_module(module)
    gc.freeze()  # a child that looked for cycles among all of it would copy it
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become(**json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(environment: dict[str, str], folder: str, arguments: list[str], out: str, err: str) -> None:
    signal.alarm(SECONDS)  # ends the process, and the test sees -14
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, file in enumerate(("/dev/null", out, err)):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT), number)
    sys.stdin = io.TextIOWrapper(io.FileIO(0), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), encoding="utf-8", errors="backslashreplace")
    sys.argv = ["touchline", *arguments]
    code = 1
    try:
        runpy.run_module("api", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    # The end of Python without tearing down each module, which would first copy all of them.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _fork_for_each_line()
