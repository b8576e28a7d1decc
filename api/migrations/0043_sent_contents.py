"""The content of each email as it was sent, packed against a base that many emails share."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

BASE = (
    "CREATE TABLE message_base (id VARCHAR(40) NOT NULL PRIMARY KEY, workspace_id VARCHAR(40) NOT NULL"
    " REFERENCES workspace (id) ON DELETE CASCADE, body {bytes} NOT NULL, used_on DATE NOT NULL)"
)
CONTENT = (
    "CREATE TABLE sent_content (send_id VARCHAR(40) NOT NULL PRIMARY KEY, base_id VARCHAR(40) NOT NULL,"
    " kept_at {instant} NOT NULL, packed {bytes} NOT NULL)"
)
INDEX = "CREATE INDEX sent_content_age ON sent_content (kept_at)"


def _is_postgres(editor: Any) -> bool:
    return bool(editor.client.capabilities.dialect == "postgres")


def _typed(statement: str, editor: Any) -> str:
    postgres = _is_postgres(editor)
    return statement.format(
        bytes="BYTEA" if postgres else "BLOB", instant="TIMESTAMPTZ" if postgres else "TIMESTAMP"
    )


async def create_base(apps: Any, editor: Any) -> None:
    await editor.client.execute_script(_typed(BASE, editor))


async def create_content(apps: Any, editor: Any) -> None:
    await editor.client.execute_script(_typed(CONTENT, editor))
    await editor.client.execute_script(INDEX)
    if _is_postgres(editor):  # it is packed already
        await editor.client.execute_script("ALTER TABLE sent_content ALTER COLUMN packed SET STORAGE EXTERNAL")


class CreateBase(ops.RunPython):
    undo = "DROP TABLE message_base"


class CreateContent(ops.RunPython):
    undo = "DROP TABLE sent_content"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0042_bulk_actions")]
    initial = False

    operations = [CreateBase(create_base), CreateContent(create_content)]
