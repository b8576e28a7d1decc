"""One person in one campaign."""

from typing import Any

from tortoise import fields

from api.models.columns import WorkspaceRow, varchar
from api.states import EnrollmentStatus


class Enrollment(WorkspaceRow):
    """One person in one campaign, with the choices of the launch.

    ``sender_id`` is the sender that the launch chose; null in rows of earlier releases: then it is the campaign's.
    ``send_at`` is the send time that the launch chose, ``times`` are its local times by step id. ``resumed`` has, by
    step id, a day and its date after a resume; null if no pause moved a step. ``revision`` is the campaign's revision
    for which the emails were last scheduled, ``launched_revision`` the one at launch. ``zone_of`` is a ``ZoneOf`` and
    says whose time zone ``zone`` is; null in rows of earlier releases. ``waits_from`` is the number of the first step
    that has no plan, because a send option failed with the code ``waits_for``; null if all steps have a plan.
    """

    campaign: Any = fields.ForeignKeyField("touchline.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    person: Any = fields.ForeignKeyField("touchline.Person", on_delete=fields.RESTRICT)
    person_id: str
    sender_id = varchar(null=True)
    zone = varchar(64)
    zone_of = varchar(10, null=True)
    launched_at = fields.DatetimeField()
    send_at = fields.DatetimeField(null=True)
    times: Any = fields.JSONField(default=dict)
    resumed: Any = fields.JSONField(null=True)
    revision = fields.IntField(default=0, db_default=0)
    waits_from = fields.IntField(null=True)
    waits_for = varchar(64, null=True)
    launched_revision = fields.IntField(default=0, db_default=0)
    status = fields.CharEnumField(EnrollmentStatus, default=EnrollmentStatus.ACTIVE, max_length=20)
    end_reason = varchar(64, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "enrollment"
