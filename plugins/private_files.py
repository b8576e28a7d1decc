"""Make folders and files that only Touchline's user can read, and check that a folder is writable."""

import os
import uuid
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
TRIAL_BYTES = 65_536
"""Size of the file that checks whether the disk has space."""


def make_private(folder: Path) -> None:
    """Make a folder and its parents, readable by their owner only, whatever the umask. Existing ones do not change."""
    for each in (*reversed(folder.absolute().parents), folder):
        if not each.is_dir():
            each.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def create_private(path: Path) -> int:
    """Create a new file that only its owner can read. Returns its descriptor. Raises FileExistsError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)


def try_writing(folder: Path) -> None:
    """Write a file to a folder and remove it. Raises OSError if this fails."""
    path = folder / f".{uuid.uuid4().hex}.tmp"
    descriptor = create_private(path)
    try:
        left = memoryview(bytes(TRIAL_BYTES))
        while left:
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
