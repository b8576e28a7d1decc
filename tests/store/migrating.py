"""A database as it was before a migration."""

import importlib
from pathlib import Path

from tortoise import Tortoise
from tortoise.migrations import operations as ops

import api.migrations
from api.store.sql import run

FOLDER = Path(str(api.migrations.__file__)).parent


async def before(name: str) -> list[str]:
    """Drop what this migration and all later ones have added, and return their names: ``migrate`` applies them."""
    names = sorted(path.stem for path in FOLDER.glob("0*.py") if path.stem >= name)
    for each in reversed(names):
        for operation in importlib.import_module(f"api.migrations.{each}").Migration.operations:
            if isinstance(operation, ops.AddField):
                table = Tortoise.apps["touchline"][operation.model_name]._meta.db_table
                await run(f'ALTER TABLE {table} DROP COLUMN "{operation.name}"')
        await run("DELETE FROM tortoise_migrations WHERE name = $1", each)
    return names
