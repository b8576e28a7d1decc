"""``touchline migrate``."""

from api.cli.common import console
from api.settings import Settings
from api.store.engine.database import close_database, migrate, open_database
from api.store.engine.opening.database_url import redacted_url
from api.store.engine.opening.upgrade_report import collect_reports


async def migrate_database(settings: Settings) -> int:
    """Apply the missing migrations and print their names."""
    about = f"Opening {redacted_url(settings.database_url)}. Migrating a large database can take minutes."
    console.print(about, highlight=False, soft_wrap=True, markup=False)
    await open_database(settings.database_url)
    try:
        with collect_reports() as reports:
            applied = await migrate()
    finally:
        await close_database()
    for sentence in reports:
        console.print(sentence, highlight=False, soft_wrap=True, markup=False)
    console.print(f"Applied: {', '.join(applied)}." if applied else "Nothing to do: the tables are up to date.")
    return 0
