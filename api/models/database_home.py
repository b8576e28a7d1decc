"""Where the database ran last, so that Touchline recognizes a restored backup."""

from tortoise import fields
from tortoise.models import Model

from api.models.columns import varchar


class DatabaseHome(Model):
    """The place of this database, in one row. A backup has the place of the database from which it was made."""

    id = fields.IntField(primary_key=True, generated=False)
    # PostgreSQL: the ids of the server, the database and a table. SQLite: the text of the file beside the database.
    place = varchar(100)
    # PostgreSQL's timeline, which a failover changes. Null if each commit is on a standby too, so that none is lost.
    timeline = fields.IntField(null=True)

    class Meta:
        table = "database_home"
