"""Bounces: whether an email's bounce was hard or soft, and when it was told. Those on record were hard."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from api.states import BounceKind

KNOWN = """UPDATE send SET bounce = 'HARD',
    bounced_at = (SELECT bounced_at FROM person WHERE person.id = send.person_id) WHERE status = 'BOUNCED'"""


async def keep_kind(apps: Any, editor: Any) -> None:
    await editor.client.execute_script(KNOWN)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0013_written_emails")]
    initial = False

    operations = [
        ops.AddField("Send", "bounce", fields.CharEnumField(BounceKind, null=True, max_length=10)),
        ops.AddField("Send", "bounced_at", fields.DatetimeField(null=True)),
        ops.RunPython(keep_kind),
    ]
