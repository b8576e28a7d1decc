"""A one-off email belongs to no campaign: it has no enrollment and no step.

The table of emails has millions of rows. On SQLite, a new table would copy them all. So this changes the stored
definition of the table instead, as https://sqlite.org/lang_altertable.html describes for changes that do not affect the
rows: a column that may be null is stored like one that may not.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

COLUMNS = ("enrollment_id", "step_id")
INDEX = "CREATE INDEX send_one_off ON send (person_id, id{bytes}) WHERE enrollment_id IS NULL"


def _reference(model: str) -> Any:
    return fields.ForeignKeyField(
        f"touchline.{model}",
        source_field=f"{model.lower()}_id",
        null=True,
        db_constraint=True,
        to_field="id",
        on_delete=OnDelete.RESTRICT,
    )


async def _allow_null_on_sqlite(client: Any) -> None:
    (row,) = await client.execute_query_dict("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'send'")
    definition = row["sql"]
    for column in COLUMNS:
        definition = definition.replace(f'"{column}" VARCHAR(40) NOT NULL', f'"{column}" VARCHAR(40)', 1)
    (version,) = await client.execute_query_dict("PRAGMA schema_version")
    await client.execute_script("PRAGMA writable_schema = ON")
    try:
        await client.execute_query(
            "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = 'send'", [definition]
        )
        # Other connections read the definition again when this number changes.
        await client.execute_script(f"PRAGMA schema_version = {version['schema_version'] + 1}")
    finally:
        await client.execute_script("PRAGMA writable_schema = RESET")
    columns = await client.execute_query_dict("PRAGMA table_info('send')")
    if any(column["notnull"] for column in columns if column["name"] in COLUMNS):
        raise RuntimeError("SQLite has not changed the definition of the table send")


class LetEmailsHaveNoStep(ops.AlterField):
    """Make both columns nullable."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if not state_editor:
            return
        client = state_editor.client
        if client.capabilities.dialect != "postgres":
            await _allow_null_on_sqlite(client)
            return
        for column in COLUMNS:
            await client.execute_script(f'ALTER TABLE send ALTER COLUMN "{column}" DROP NOT NULL')


class KnowNoStep(ops.AlterField):
    """The same for the other column, which the operation before has changed."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        """Change nothing in the database."""


async def create_index(apps: Any, editor: Any) -> None:
    postgres = editor.client.capabilities.dialect == "postgres"
    await editor.client.execute_script(INDEX.format(bytes=' COLLATE "C"' if postgres else ""))


class CreateIndex(ops.RunPython):
    undo = "DROP INDEX send_one_off"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0034_request_keys")]
    initial = False

    operations = [
        LetEmailsHaveNoStep("Send", "enrollment", _reference("Enrollment")),
        KnowNoStep("Send", "step", _reference("Step")),
        CreateIndex(create_index),
    ]
