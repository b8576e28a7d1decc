"""One-off emails have recipients of copies and attachments. Their tables are beside the table of emails."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

WORKSPACE = "workspace_id VARCHAR(40) NOT NULL REFERENCES workspace (id) ON DELETE CASCADE"
EMAIL = "VARCHAR(40) NOT NULL REFERENCES send (id) ON DELETE CASCADE"
TABLES = {
    "one_off_email": (
        f"CREATE TABLE one_off_email (id {EMAIL}, {WORKSPACE}, version INT NOT NULL DEFAULT 1,"
        " cc {json} NOT NULL, bcc {json} NOT NULL, tracking VARCHAR(20) NOT NULL, template_id VARCHAR(40),"
        " follows_id VARCHAR(40), earlier_subject TEXT NOT NULL DEFAULT '', earlier_html TEXT,"
        " earlier_author VARCHAR(200) NOT NULL DEFAULT '', earlier_sent_at {instant}, thread {json} NOT NULL,"
        " created_at {instant} NOT NULL, updated_at {instant} NOT NULL, PRIMARY KEY (id))"
    ),
    "stored_file": (
        f"CREATE TABLE stored_file (id VARCHAR(40) NOT NULL PRIMARY KEY, {WORKSPACE}, sha256 VARCHAR(64),"
        " size INT NOT NULL, created_at {instant} NOT NULL)"
    ),
    "file_chunk": (
        "CREATE TABLE file_chunk (file_id VARCHAR(40) NOT NULL REFERENCES stored_file (id) ON DELETE CASCADE,"
        " number INT NOT NULL, content {bytes} NOT NULL, PRIMARY KEY (file_id, number))"
    ),
    "attachment": (
        f"CREATE TABLE attachment (id VARCHAR(40) NOT NULL PRIMARY KEY, {WORKSPACE},"
        " file_id VARCHAR(40) NOT NULL REFERENCES stored_file (id), name VARCHAR(255) NOT NULL,"
        " type VARCHAR(127) NOT NULL, size INT NOT NULL, created_at {instant} NOT NULL, used_at {instant} NOT NULL)"
    ),
    "email_attachment": (
        f"CREATE TABLE email_attachment (send_id {EMAIL}, number INT NOT NULL,"
        " attachment_id VARCHAR(40) NOT NULL REFERENCES attachment (id), PRIMARY KEY (send_id, number))"
    ),
}
INDEXES = {
    "stored_file_content": "UNIQUE INDEX stored_file_content ON stored_file (workspace_id, sha256)",
    "stored_file_unfinished": "INDEX stored_file_unfinished ON stored_file (created_at) WHERE sha256 IS NULL",
    "attachment_used": "INDEX attachment_used ON attachment (used_at)",
    "attachment_file": "INDEX attachment_file ON attachment (file_id)",
    "email_attachment_of": "INDEX email_attachment_of ON email_attachment (attachment_id)",
    "one_off_email_follows": "INDEX one_off_email_follows ON one_off_email (follows_id) WHERE follows_id IS NOT NULL",
}
KINDS = {
    "postgres": {"instant": "TIMESTAMPTZ", "json": "JSONB", "bytes": "BYTEA"},
    "sqlite": {"instant": "TIMESTAMP", "json": "JSON", "bytes": "BLOB"},
}


class CreateTable(ops.RunPython):
    """A table that is read and written by SQL."""

    def __init__(self, name: str) -> None:
        self.undo = f"DROP TABLE {name}"

        async def create(apps: Any, editor: Any) -> None:
            kinds = KINDS[editor.client.capabilities.dialect]
            await editor.client.execute_script(TABLES[name].format(**kinds))

        super().__init__(create)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0045_first_emails")]
    initial = False

    operations = [
        *(CreateTable(name) for name in TABLES),
        *(
            ops.RunSQL(sql=f"CREATE {definition}", reverse_sql=f"DROP INDEX {name}")
            for name, definition in INDEXES.items()
        ),
    ]
