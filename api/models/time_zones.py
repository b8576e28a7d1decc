"""The version of the tz database with which stored send times were computed."""

from tortoise.models import Model

from api.models.columns import varchar


class TzDatabase(Model):
    """The tz database with which all unsent emails were last scheduled. The table has one row for all workspaces."""

    id = varchar(primary_key=True)
    fingerprint = varchar(64)

    class Meta:
        table = "tz_database"
