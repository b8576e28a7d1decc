"""The version of the tz database with which stored instants were computed."""

from tortoise.models import Model

from api.models.columns import key


class TzDatabase(Model):
    """The tz database with which all unsent emails were last scheduled: one row, without a workspace."""

    id = key(primary_key=True)
    fingerprint = key(64)

    class Meta:
        table = "tz_database"
