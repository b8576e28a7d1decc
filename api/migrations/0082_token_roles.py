"""Give tokens a role. Tokens that exist may do everything, as before."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0081_errors_and_ended_processes")]
    initial = False

    operations = [ops.AddField("Token", "role", fields.CharField(max_length=20, default="ADMIN", db_default="ADMIN"))]
