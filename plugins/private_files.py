"""Folders and files that belong to Touchline's user alone, and whether a folder takes what is written to it."""

import os
import uuid
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
TRIAL_BYTES = 65_536
"""How much is written to learn whether a disk has space left."""


def make_private(folder: Path) -> None:
    """Make a folder and those above it, for their owner alone, whatever the umask; one that exists stays as it is."""
    for each in (*reversed(folder.absolute().parents), folder):
        if not each.is_dir():
            each.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def create_private(path: Path) -> int:
    """Create a file that must not exist, for its owner alone, and return its descriptor for writing."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)


def try_writing(folder: Path) -> None:
    """Write a file to a folder and remove it. Raises OSError where the folder does not take it."""
    path = folder / f".{uuid.uuid4().hex}.tmp"
    descriptor = create_private(path)
    try:
        left = memoryview(bytes(TRIAL_BYTES))
        while left:
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
