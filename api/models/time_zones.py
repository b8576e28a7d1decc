"""Which tz database the stored instants were computed with."""

from tortoise.models import Model

from api.models.columns import key


class TzDatabase(Model):
    """The tz database that all unsent emails were last resolved with: one row, of no workspace."""

    id = key(primary_key=True)
    fingerprint = key(64)

    class Meta:
        table = "tz_database"
