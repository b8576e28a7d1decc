"""The files of an outbox folder: written in parallel, published in groups that share one sync of the folder."""

import asyncio
import errno
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from plugins.private_files import create_private

THREADS = 32
"""Files that are written and synced at the same time. The file system makes their syncs one commit of its journal."""
UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES, errno.EPERM, errno.EISDIR})
"""Errors of a system that cannot sync folders (Windows, some network file systems)."""


class UnconfirmedError(OSError):
    """The file has its final name, but the disk has not confirmed the folder's entry."""


class OutboxFolder:
    """Writes files durably.

    A file is on the disk when ``write`` returns. Its name is on the disk when ``publish`` returns: files that are
    published while the folder is synced wait, and share the next sync.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="outbox")
        self._waiting: list[tuple[Path, Path, asyncio.Future[None]]] = []
        self._publishing: asyncio.Task[None] | None = None

    async def write(self, file: Path, content: bytes) -> None:
        """Write a file that only this service's user can read. Returns when it is on the disk. Raises OSError."""
        await asyncio.get_running_loop().run_in_executor(self._threads, _write, file, content)

    async def remove(self, file: Path) -> None:
        """Remove a temporary file. Ignores errors, because a leftover file does no harm."""
        await asyncio.get_running_loop().run_in_executor(self._threads, _remove, file)

    async def publish(self, temporary: Path, final: Path) -> None:
        """Rename a file in one atomic step, so that readers of the folder never see a part of it.

        Returns when the new name is on the disk. Raises OSError, or UnconfirmedError if the file was renamed.
        """
        published: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((temporary, final, published))
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.create_task(self._publish_groups())
        await published

    async def _publish_groups(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            # An email whose session was stopped meanwhile is not published.
            group = [each for each in self._waiting if not each[2].done()]
            self._waiting.clear()
            names = [(temporary, final) for temporary, final, _ in group]
            problems = await loop.run_in_executor(self._threads, _publish, self.path, names)
            for (_, _, published), problem in zip(group, problems, strict=True):
                if published.done():
                    continue
                if problem is None:
                    published.set_result(None)
                else:
                    published.set_exception(problem)


def _write(file: Path, content: bytes) -> None:
    with open(create_private(file), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _remove(file: Path) -> None:
    with suppress(OSError):
        file.unlink(missing_ok=True)


def _publish(folder: Path, names: Sequence[tuple[Path, Path]]) -> list[OSError | None]:
    """Rename files, then sync their folder once. Returns the problem of each file."""
    problems: list[OSError | None] = []
    for temporary, final in names:
        try:
            os.replace(temporary, final)
            problems.append(None)
        except OSError as problem:
            problems.append(problem)
    if None in problems and (unconfirmed := _sync(folder)):
        problems = [problem or unconfirmed for problem in problems]
    return problems


def _sync(folder: Path) -> UnconfirmedError | None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as problem:
        return None if problem.errno in UNSUPPORTED else UnconfirmedError(problem.errno, problem.strerror)
    return None
