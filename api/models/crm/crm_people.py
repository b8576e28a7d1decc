"""Records of a CRM that are people, and the activities that were logged there."""

from typing import Any

from tortoise import fields

from api.crm_records import CrmActivityKind, CrmMatchedBy
from api.crm_states import CrmPersonKind
from api.models.columns import WorkspaceRow, varchar


class CrmPerson(WorkspaceRow):
    """A lead or a contact of an organization in a CRM, and the person to whom it is linked.

    ``remote_id`` is null if the CRM was asked for the person and no record was chosen: ``problem`` says why. A row
    without ``person_id`` is a record that no person here is linked to. It is kept because it has opted out. Times are
    real times.
    """

    # The key of the CRM and the id of the organization, such as "salesforce:00D5e000000abcdEAA".
    org = varchar(130)
    remote_id = varchar(100, null=True)
    kind = fields.CharEnumField(CrmPersonKind, null=True, max_length=20)
    person_id = varchar(null=True)
    # The address in the CRM, in its normal form; empty if the record has none.
    email_key = varchar(320, default="")
    # The id of the company that a contact belongs to.
    account_id = varchar(100, null=True)
    url = varchar(500, default="")
    matched_by = fields.CharEnumField(CrmMatchedBy, null=True, max_length=20)
    matched_at = fields.DatetimeField()
    problem = varchar(64, null=True)
    detail = fields.TextField(default="")
    # Whether the record had opted out when it was last read or written, and whether only Touchline has written that.
    opted_out = fields.BooleanField(default=False)
    opted_out_by_us = fields.BooleanField(default=False)

    class Meta:
        table = "crm_person"
        unique_together = (("workspace_id", "org", "remote_id"), ("person_id", "org"))


class CrmActivity(WorkspaceRow):
    """An activity in a CRM that logs an email, a reply or a call.

    ``subject_id`` is the id of the email, the reply or the task. ``marker`` is Touchline's name for it in the CRM.
    ``written`` are the custom fields as they were last written. ``tried_at`` is the time of the first write that got no
    answer: before the next write, the CRM is searched for the marker.
    """

    org = varchar(130)
    kind = fields.CharEnumField(CrmActivityKind, max_length=20)
    subject_id = varchar()
    marker = varchar(80)
    remote_id = varchar(100, null=True)
    written: Any = fields.JSONField(default=dict)
    tried_at = fields.DatetimeField(null=True)
    logged_at = fields.DatetimeField(null=True)

    class Meta:
        table = "crm_activity"
        unique_together = (("subject_id", "org"),)
