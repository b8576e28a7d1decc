"""``touchline plugins docs``: the guide to packages, which is installed with Touchline."""

from pathlib import Path

import api
from api.settings import Settings

PATTERN = "plugin*.md"
"""The documents about packages. The others are in the same folder, so that links work."""


def list_documents(_settings: Settings) -> int:
    """Print the title and the file of each document about packages."""
    for file in sorted(folder().glob(PATTERN), key=lambda each: (each.name != "plugins.md", each.name)):
        with file.open(encoding="utf-8") as lines:
            print(f"{next(lines).lstrip('# ').strip()}\n    {file}")
    return 0


def folder() -> Path:
    """Return the folder of all documents: in the installed package, or in a copy of the repository."""
    root = Path(api.__file__).parents[1]
    installed = root / "touchline" / "docs"
    return installed if installed.is_dir() else root / "docs"
