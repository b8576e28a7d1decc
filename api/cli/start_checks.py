"""Checks at the start of every command."""

import sys
from collections.abc import Iterable
from pathlib import Path

import api
import plugins
import strategies
from api.printable import printable
from api.setting_names import misspelt
from api.settings import Settings


def check_packages() -> None:
    """Check that no other package shadows ``strategies`` or ``plugins``. Raises ValueError."""
    own_folder = Path(api.__file__).parent.parent
    for package in (plugins, strategies):
        file = Path(str(package.__file__))
        if file.parent.parent != own_folder:
            raise ValueError(
                f"another package has a module {package.__name__!r} that shadows Touchline's: {file}. Uninstall it."
            )


def warn_of_misspelt_settings(names: Iterable[str]) -> None:
    """Print a line for each variable of the environment that is probably a misspelt setting."""
    for name, meant in misspelt(names, Settings.names()).items():
        print(f"touchline: {printable(name)} is not a setting: did you mean {printable(meant)}?", file=sys.stderr)
