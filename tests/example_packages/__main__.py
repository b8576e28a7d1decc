"""Install the example packages and new ones into a fresh environment, as a partner would, and run their tests there.

``python -m tests.example_packages WHEEL``. Without a wheel it installs Touchline from the source.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGES = sorted(path.parent for path in HERE.glob("*/pyproject.toml"))


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a program without the paths and settings of this one. Ends this program if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def main(touchline: str) -> None:
    """Install everything in one environment, test each package, and let the server's command list them."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder)
        python = Path(folder, "bin", "python")
        pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check")
        # Most of the modules are never imported here, so pip need not compile them.
        run(*pip, "--no-compile", f"{touchline}[testing]", "pytest", *PACKAGES)
        written = [write(Path(folder), kind) for kind in ("send-option", "channel")]
        run(*pip, "--no-compile", "--no-deps", *written)
        print(f"installed in {time.monotonic() - began:.0f} s")
        for package in (*PACKAGES, *written):
            # importlib: the tests import the installed module, not the file beside them.
            options = ("-q", "-c", os.devnull, "--rootdir", package, "--confcutdir", package, "-p", "no:cacheprovider")
            tests = (python, "-m", "pytest", *options, "--import-mode=importlib", package)
            print(package.name, run(*tests, cwd=Path(folder)).splitlines()[-1])
        listed = run(python, "-c", LIST, cwd=Path(folder))
        names = [f"touchline-{package.name.replace('_', '-')}" for package in PACKAGES]
        assert json.loads(listed) == sorted([*names, *(package.name for package in written)])
        run(Path(folder, "bin", "touchline"), "plugins", cwd=Path(folder))
    print(f"{len(PACKAGES) + len(written)} packages tested in {time.monotonic() - began:.0f} s")


def write(folder: Path, kind: str) -> Path:
    """Write a new package with ``touchline plugins new``. Return its folder."""
    run(folder / "bin" / "touchline", "plugins", "new", f"new-{kind}", "--kind", kind, cwd=folder)
    return folder / f"touchline-new-{kind}"


LIST = """
import json
from touchline.partners import load

packages = {package.distribution for package in load({}).packages}
print(json.dumps(sorted(packages - {"touchline"})))
"""

if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(ROOT))
