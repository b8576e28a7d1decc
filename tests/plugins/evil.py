"""Install the package of evil send options for this process and its workers."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).parent / "evil_package" / "touchline_evil.py"


def install(folder: Path) -> None:
    """Make a folder that has the package as if pip had installed it there."""
    shutil.copy(SOURCE, folder)
    info = folder / "touchline_evil-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: touchline-evil\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[touchline]\nevil = touchline_evil\n")


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """Let this process find the package."""
    install(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("touchline_evil", None)
