"""Install a package of one module without pip: a folder on the path with the metadata of its entry point."""

import shutil
from pathlib import Path

EVIL = Path(__file__).parent / "evil_package" / "touchline_evil_channel.py"


def install(folder: Path, module: Path) -> None:
    """Install a module as a package with the same name and an entry point."""
    folder.mkdir(exist_ok=True)
    shutil.copy(module, folder)
    name = module.stem
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[touchline]\nmain = {name}\n")
