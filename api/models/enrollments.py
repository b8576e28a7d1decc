"""One person in one campaign."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import key, workspace_key
from api.states import EnrollmentStatus


class Enrollment(Model):
    """One person in one campaign, with the choices of the launch and the days that pauses have moved.

    ``times`` are new wall times by step id. ``resumed`` is by step id a day and the date that it fell on since a
    resume; null when no pause moved anything. ``revision`` is the campaign's that this person was last resolved by,
    ``launched_revision`` the one that they were launched with.
    ``zone_of`` says whose the zone is (a ``ZoneOf``); null for people who were launched before it was kept.
    """

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    campaign: Any = fields.ForeignKeyField("touchline.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    person: Any = fields.ForeignKeyField("touchline.Person", on_delete=fields.RESTRICT)
    person_id: str
    zone = key(64)
    zone_of = key(10, null=True)
    launched_at = fields.DatetimeField()
    send_at = fields.DatetimeField(null=True)
    times: Any = fields.JSONField(default=dict)
    resumed: Any = fields.JSONField(null=True)
    revision = fields.IntField(default=0, db_default=0)
    launched_revision = fields.IntField(default=0, db_default=0)
    status = fields.CharEnumField(EnrollmentStatus, default=EnrollmentStatus.ACTIVE, max_length=20)
    end_reason = key(64, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "enrollment"
