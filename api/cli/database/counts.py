"""``touchline counts``: compare the numbers of reports with the rows that they count, or recalculate them."""

from api.cli.common import console
from api.settings import Settings
from api.store.engine.database import close_database, open_database
from api.store.reports.counting import differences, rebuild

MAX_PRINTED = 20
"""Most wrong numbers that are printed of each kind."""


async def check(settings: Settings) -> int:
    """Print the numbers that differ from their rows; exit code 1 if there are any."""
    await open_database(settings.database_url)
    try:
        found = await differences(MAX_PRINTED)
    finally:
        await close_database()
    for each in found:
        _print(f"{each.key}: {each.counted} is stored, but there are {each.rows}.")
    _print("Run `touchline counts rebuild`." if found else "All numbers of reports are correct.")
    return 1 if found else 0


async def rebuild_all(settings: Settings) -> int:
    """Recalculate all numbers from the rows."""
    await open_database(settings.database_url)
    try:
        await rebuild()
    finally:
        await close_database()
    _print("All numbers of reports were recalculated.")
    return 0


def _print(sentence: str) -> None:
    console.print(sentence, highlight=False, soft_wrap=True, markup=False)
