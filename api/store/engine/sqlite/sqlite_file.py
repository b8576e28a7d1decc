"""Checks a SQLite file before it is opened, and describes each problem in one sentence.

It runs in a thread and uses the sqlite3 module directly, so that no connection and no thread stay open if the file is
unusable.
"""

import errno
import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

from api.store.engine.faults.corruption import sqlite_code
from api.store.engine.opening.schema_check import APPLIED_SQL, MIGRATIONS_TABLE, TABLES_SQL, check_owner
from plugins.private_files import create_private, make_private

MEMORY = ":memory:"
LOCK_TIMEOUT_SECONDS = 5.0
"""How long Touchline waits at its start for another program's lock."""
FULL_CHECK_MAX_BYTES = 50_000_000
"""Largest file that is checked completely at each start. Larger files are only checked for header and tables."""
SQLITE_HEADER = b"SQLite format 3\x00"
OTHER_FILE_ADVICE = "Let TOUCHLINE_DATABASE_URL name another file."
RESTORE_ADVICE = 'Restore a backup, as "Back up, and restore" of docs/operations.md shows.'


def prepare_file(path: str) -> None:
    """Create the file if it does not exist, and check that it is usable.

    Raises ConnectionError with a sentence that names the file and says what to do.
    """
    if path == MEMORY:
        return
    file = Path(path)
    try:
        _create(file)
        _check_kind(file)
    except OSError as problem:
        if isinstance(problem, ConnectionError):
            raise
        raise ConnectionError(f"{path} cannot be used: {_reason(problem)}.") from problem
    try:
        _check_usable(file)
    except sqlite3.Error as problem:
        raise ConnectionError(f"{path} {_sentence(problem)}") from problem


def _create(file: Path) -> None:
    """Create the file and its folders with access for their owner only, because the file contains personal data.

    SQLite gives its -wal and -shm files the same permissions.
    """
    if file.exists():
        return
    make_private(file.absolute().parent)
    with suppress(FileExistsError):  # another process has created it
        os.close(create_private(file))


def _check_kind(file: Path) -> None:
    mode = file.stat().st_mode
    if stat.S_ISDIR(mode):
        raise ConnectionError(f"{file} is a folder and not a SQLite file. {OTHER_FILE_ADVICE}")
    if not stat.S_ISREG(mode):
        raise ConnectionError(f"{file} is a pipe, a socket or a device and not a SQLite file. {OTHER_FILE_ADVICE}")
    with file.open("r+b") as opened:  # SQLite silently continues with a read-only file
        start = opened.read(len(SQLITE_HEADER))
    if start and start != SQLITE_HEADER:
        raise ConnectionError(f"{file} {NOT_SQLITE}")


def _check_usable(file: Path) -> None:
    """Read the file, then acquire the write lock. Raises sqlite3.Error and ConnectionError.

    Nothing is written before it is certain that the file belongs to Touchline.
    """
    connection = sqlite3.connect(file, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)
    try:
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        if application_id:
            raise ConnectionError(
                f"{file} belongs to another program (application_id {application_id}). {OTHER_FILE_ADVICE}"
            )
        _check_tables(connection, file)
        if file.stat().st_size <= FULL_CHECK_MAX_BYTES:
            (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if result != "ok":
                raise ConnectionError(f"{file} is damaged: {' '.join(str(result).split())}. {RESTORE_ADVICE}")
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def _check_tables(connection: sqlite3.Connection, file: Path) -> None:
    tables = {name for (name,) in connection.execute(TABLES_SQL["sqlite"])}
    applied = {name for (name,) in connection.execute(APPLIED_SQL)} if MIGRATIONS_TABLE in tables else set()
    try:
        check_owner(tables, applied)
    except ConnectionError as problem:
        raise ConnectionError(f"{file} cannot be used: {problem}") from None


NOT_SQLITE = f"is not a SQLite database: it is encrypted, overwritten, or another program's file. {OTHER_FILE_ADVICE}"
SENTENCE_BY_CODE = {
    sqlite3.SQLITE_BUSY: f"is locked by another program, and was not released within {LOCK_TIMEOUT_SECONDS:g} s. End"
    " the backup, the sqlite3 shell or the other Touchline that holds it, then start again.",
    sqlite3.SQLITE_NOTADB: NOT_SQLITE,
    sqlite3.SQLITE_CORRUPT: f"is damaged: its pages cannot be read. {RESTORE_ADVICE}",
    sqlite3.SQLITE_READONLY: "may only be read. Give Touchline's user permission to write to the file and its folder.",
    sqlite3.SQLITE_PERM: "may not be used. Give Touchline's user permission to read and write it.",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: SQLite keeps files of the same name with -wal and -shm beside it."
    " Give Touchline's user permission to write to the folder and to those files.",
    sqlite3.SQLITE_FULL: "cannot be written to: the disk is full. Free some space, then start again.",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk is full, a limit on file sizes is reached, or the disk"
    " fails. See the log of the system.",
}
SENTENCE_BY_CODE[sqlite3.SQLITE_LOCKED] = SENTENCE_BY_CODE[sqlite3.SQLITE_BUSY]


def _sentence(problem: sqlite3.Error) -> str:
    return (
        SENTENCE_BY_CODE.get(sqlite_code(problem))
        or f"cannot be used: {' '.join(str(problem).split())}. {OTHER_FILE_ADVICE}"
    )


def _reason(problem: OSError) -> str:
    """Return the system's reason, without the file name."""
    if isinstance(problem, PermissionError):
        return "Touchline's user has no permission to read and write it, or to reach its folder"
    if isinstance(problem, NotADirectoryError | FileExistsError):
        return "a part of its path is a file and not a folder"
    if problem.errno == errno.EROFS:
        return "its file system may only be read"
    return problem.strerror or type(problem).__name__
