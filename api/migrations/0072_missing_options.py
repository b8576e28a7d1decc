"""Send options that running campaigns use and that are not installed."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLE = (
    "CREATE TABLE missing_option (campaign_id VARCHAR(40) NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,"
    " send_option VARCHAR(64) NOT NULL, workspace_id VARCHAR(40) NOT NULL, PRIMARY KEY (campaign_id, send_option))"
)


class CreateTable(ops.RunSQL):
    undo = "DROP TABLE missing_option"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0071_all_opt_outs")]
    initial = False

    operations = [CreateTable(sql=TABLE, reverse_sql=CreateTable.undo)]
