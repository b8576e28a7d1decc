"""Run commands of the command line, each in a process that is forked from one that has loaded the server's modules.

A start of Python costs more than most commands do. What the command line itself imports is loaded by each command, in
its own environment. One test of ``serve`` and the demo of the browser start Python, as users do.
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).parents[1]
LOADED = ("api.app", "plugins.channels.smtp.channel", "rich.progress", "rich.table")
"""The modules that commands find loaded, with all that these import."""
SECONDS = 300
"""Seconds that a command may take, as many as a test."""


def touchline(environment: Mapping[str, str], folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end in a folder, with this environment and no other."""
    with tempfile.TemporaryDirectory() as outputs:
        out, err = Path(outputs) / "out", Path(outputs) / "err"
        code = _wait(_fork(environment, folder, arguments, out, err))
        return subprocess.CompletedProcess(
            arguments, code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        )


@dataclass
class Program:
    """A command that runs, with its outputs."""

    pid: int
    stdout: TextIO
    stderr: TextIO
    code: int | None = None

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless its end is known."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        if self.code is None:
            self.code = _wait(self.pid, os.WNOHANG)
        return self.code

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        if self.code is None:
            self.code = _wait(self.pid)
        assert self.code is not None
        return self.code


@contextmanager
def running(
    environment: Mapping[str, str], folder: Path, *arguments: str, script: str | None = None
) -> Iterator[Program]:
    """Run a command until the block ends, or a Python script with such arguments. A signal may end it before."""
    with tempfile.TemporaryDirectory() as outputs:
        out, err = Path(outputs) / "out", Path(outputs) / "err"
        os.mkfifo(out)
        os.mkfifo(err)
        readers = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in (out, err)]  # before a command that ends soon
        pid = _fork(environment, folder, arguments, out, err, script)
        for reader in readers:
            os.set_blocking(reader, True)
        with open(readers[0], encoding="utf-8") as stdout, open(readers[1], encoding="utf-8") as stderr:
            program = Program(pid, stdout, stderr)
            try:
                yield program
            finally:
                program.send_signal(signal.SIGKILL)
                program.wait()


def _fork(
    environment: Mapping[str, str],
    folder: Path,
    arguments: Sequence[str],
    out: Path,
    err: Path,
    script: str | None = None,
) -> int:
    given = {"environment": dict(environment), "folder": str(folder), "arguments": arguments, "script": script}
    pid = _asked(**given, out=str(out), err=str(err))
    assert pid is not None
    return pid


def _wait(pid: int, options: int = 0) -> Any:
    return _asked(pid=pid, options=options)


def _asked(**request: Any) -> int | None:
    """Ask the loaded process for something, and return the number with which it answers."""
    zygote = _zygote()
    assert zygote.stdin is not None
    assert zygote.stdout is not None
    zygote.stdin.write(json.dumps(request) + "\n")
    zygote.stdin.flush()
    answer: int | None = json.loads(zygote.stdout.readline())
    return answer


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
        request = json.loads(line)
        if "pid" in request:
            ended, status = os.waitpid(request["pid"], request["options"])
            print(os.waitstatus_to_exitcode(status) if ended else "null", flush=True)
            continue
        outputs = [os.open(request.pop(name), os.O_RDWR | os.O_CREAT) for name in ("out", "err")]
        child = os.fork()
        if not child:
            _become(**request, outputs=outputs)
            return
        for output in outputs:
            os.close(output)
        print(child, flush=True)


def _become(
    environment: dict[str, str], folder: str, arguments: list[str], script: str | None, outputs: list[int]
) -> None:
    signal.alarm(SECONDS)  # ends the process, and the test sees -14
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, file in enumerate((os.open("/dev/null", os.O_RDWR), *outputs)):
        os.dup2(file, number)
    sys.stdin = io.TextIOWrapper(io.FileIO(0), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), encoding="utf-8", errors="backslashreplace")
    sys.argv = ["touchline", *arguments]
    code = 1
    try:
        if script is None:
            runpy.run_module("api", run_name="__main__", alter_sys=True)
        else:
            exec(script, {"__name__": "__main__"})
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
