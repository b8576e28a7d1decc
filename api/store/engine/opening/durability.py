"""Whether the open database keeps every commit. If it loses the last ones, their emails would be sent again."""

import asyncio
from pathlib import Path

from tortoise.connection import get_connection

ADVICE = "Then emails may be sent twice: see No commit may be lost in docs/operations.md"
POSTGRES_SQL = """
SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commits,
 current_setting('synchronous_standby_names') AS waits_for, (SELECT count(*) FROM pg_stat_replication) AS standbys
"""
SQLITE_FULL = 2
"""The value of ``PRAGMA synchronous`` from which on SQLite writes each commit to the disk before it returns."""
MOUNTS = Path("/proc/self/mounts")
SHARED_FILE_SYSTEMS = ("nfs", "cifs", "smb", "ceph", "glusterfs", "sshfs", "9p", "afs", "lustre")
"""File systems that several machines share. The locks of SQLite do not work reliably on them."""


async def durability_warnings() -> list[str]:
    """Return a sentence for each setting of the database with which commits can be lost."""
    connection = get_connection("default")
    if connection.capabilities.dialect == "postgres":
        (row,) = await connection.execute_query_dict(POSTGRES_SQL)
        return _postgres_warnings(row["fsync"], row["commits"], row["waits_for"], row["standbys"])
    (row,) = await connection.execute_query_dict("PRAGMA synchronous")
    return await asyncio.to_thread(_sqlite_warnings, row["synchronous"], await main_file())


async def main_file() -> str:
    """Return the path of the open SQLite file, or an empty text for a database in memory."""
    databases = await get_connection("default").execute_query_dict("PRAGMA database_list")
    return next(str(each["file"]) for each in databases if each["name"] == "main")  # a migration may add "temp"


def _postgres_warnings(fsync: str, commits: str, waits_for: str, standbys: int) -> list[str]:
    warnings = []
    if fsync == "off" or commits == "off":
        setting = "fsync" if fsync == "off" else "synchronous_commit"
        warnings.append(f"PostgreSQL loses its last commits when it crashes, because {setting} is off. {ADVICE}")
    if standbys and (not waits_for.strip() or commits in {"off", "local"}):
        warnings.append(f"PostgreSQL does not wait for its standbys, so a failover loses its last commits. {ADVICE}")
    return warnings


def _sqlite_warnings(synchronous: int, file: str) -> list[str]:
    warnings = []
    if file and synchronous < SQLITE_FULL:
        warnings.append(
            "SQLite loses its last commits when the machine loses power, because TOUCHLINE_DATABASE_URL sets"
            f" synchronous. {ADVICE}"
        )
    if file and (kind := file_system(Path(file), MOUNTS.read_text(errors="replace") if MOUNTS.exists() else "")):
        warnings.append(
            f"the SQLite file is on a shared file system ({kind}), whose locks do not protect it from damage"
        )
    return warnings


def file_system(file: Path, mounts: str) -> str:
    """Return the kind of the shared file system that has the file, or an empty text for any other file system."""
    lines = [line.split() for line in mounts.splitlines()]
    holding = [
        (len(fields[1]), number, fields[2])
        for number, fields in enumerate(lines)
        if len(fields) > 2 and file.is_relative_to(fields[1].replace("\\040", " "))
    ]
    kind = max(holding)[2] if holding else ""
    return kind if any(name in kind for name in SHARED_FILE_SYSTEMS) else ""
