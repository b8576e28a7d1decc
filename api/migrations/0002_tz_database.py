from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0001_initial")]
    initial = False

    operations = [
        ops.CreateModel(
            name="TzDatabase",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("fingerprint", fields.CharField(max_length=64)),
            ],
            options={
                "table": "tz_database",
                "app": "touchline",
                "pk_attr": "id",
                "table_description": "The tz database that all unsent emails were last resolved with.",
            },
            bases=["Model"],
        ),
    ]
