"""Import Touchline's own packages, also in a project that has folders of the same names.

Touchline's packages are called api, plugins and strategies. A project can have folders of these names. Under pytest
its folders come first on the path, so ``import plugins`` finds the project's.
"""

import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

NAMES = ("api", "plugins", "strategies")

_HERE = Path(__file__).resolve().parent
_HOME = _HERE.parent if (_HERE.parent / "strategies").is_dir() else _HERE.parents[2]
"""The folder that holds the three packages: beside this one where Touchline is installed, above it in the source."""
_lock = threading.Lock()
"""Held only while names change. An open block holds no lock: the server of a sandbox imports packages in a thread."""
_kept: dict[str, ModuleType] = {}
"""Touchline's modules, while the project's have their names. Only ``own_packages`` changes it."""
_projects: dict[str, ModuleType] = {}
"""The project's modules, while Touchline's have their names."""
_open_blocks = 0
"""The blocks of all threads that are open now."""


@contextmanager
def own_packages() -> Iterator[None]:
    """Let the three names mean Touchline's packages inside the block.

    If the project has packages of these names, they have their names again after the last open block. If it has none,
    the block changes nothing: the server and a partner's package use the same classes.
    """
    with _lock:
        changes = bool(_open_blocks or _kept) or _is_shadowed()
        if changes:
            _enter()
    try:
        yield
    finally:
        if changes:
            with _lock:
                _leave()


def _enter() -> None:
    """Give Touchline's packages their names, unless a block is open already."""
    global _open_blocks  # noqa: PLW0603 - sys.modules is global as well
    if not _open_blocks:
        _projects.update(_take_modules())
        sys.modules.update(_kept)
        sys.path.insert(0, str(_HOME))
    _open_blocks += 1


def _leave() -> None:
    """Give the project's packages their names again after the last block."""
    global _open_blocks  # noqa: PLW0603 - sys.modules is global as well
    _open_blocks -= 1
    if not _open_blocks:
        sys.path.remove(str(_HOME))
        _kept.update(_take_modules())
        sys.modules.update(_projects)
        _projects.clear()


def _is_shadowed() -> bool:
    """Say whether one of the names leads to a package that is not Touchline's."""
    return any(_HOME / name not in _folders(name) for name in NAMES)


def _folders(name: str) -> list[Path]:
    """Return the folders of the package of this name, without importing it."""
    module = sys.modules.get(name)
    if module is None:
        spec = importlib.util.find_spec(name)
        found = spec.submodule_search_locations if spec else None
    else:
        found = getattr(module, "__path__", None)
    return [Path(folder).resolve() for folder in found or ()]


def _take_modules() -> dict[str, ModuleType]:
    """Remove all modules of these names from the loaded ones, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] in NAMES]
    return {name: sys.modules.pop(name) for name in names}
