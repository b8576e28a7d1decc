"""Add what recipients say on the unsubscribe page, the texts of workspaces for unsubscribing, and transactional templates."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from api.states import UnsubscribeReason


class Migration(migrations.Migration):
    dependencies = [("touchline", "0026_incoming")]
    initial = False

    operations = [
        ops.AddField(
            "SuppressionChange",
            "recipient_reason",
            fields.CharEnumField(enum_type=UnsubscribeReason, null=True, max_length=20),
        ),
        ops.AddField("SuppressionChange", "recipient_comment", fields.TextField(default="", db_default="")),
        ops.AddField("Workspace", "unsubscribe_html", fields.TextField(null=True)),
        ops.AddField("Workspace", "unsubscribe_page_text", fields.TextField(null=True)),
        ops.AddField("Template", "transactional", fields.BooleanField(default=False, db_default=False)),
    ]
