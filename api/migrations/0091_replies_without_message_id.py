"""A reply without a Message-ID has a key of its content, so that it counts once if two mailboxes receive it."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0090_reached_limits")]
    initial = False

    operations = [
        ops.AddField("Reply", "content_key", fields.CharField(max_length=64, null=True)),
        # Most replies have a Message-ID and are not in the index.
        ops.RunSQL(
            sql="CREATE UNIQUE INDEX reply_content_key ON reply (send_id, content_key) WHERE content_key IS NOT NULL",
            reverse_sql="DROP INDEX reply_content_key",
        ),
    ]
