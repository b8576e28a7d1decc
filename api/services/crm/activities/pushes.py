"""Make the record of an email, a reply or a call, by the CRM's capabilities and the workspace's settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.crm_records import CrmActivityKind
from api.models import CrmPerson, CrmSettings
from api.services.crm.activities.logged import Logged
from api.services.crm.activities.subjects import reply_subject, subject
from plugins.crms.access import CrmCapabilities
from plugins.crms.checks import storable
from plugins.crms.people_and_activities import ActivityField, ActivityKind, ActivityPush, RelatedKind, RelatedRecord

TYPES = {CrmActivityKind.EMAIL: "Email", CrmActivityKind.REPLY: "Reply", CrmActivityKind.CALL: "Call"}
"""The type of an activity, if the CRM offers it; and ``{{activity_type}}`` of the subject."""
MAX_BODY_CHARACTERS = 30_000
"""Longest body. Salesforce's Description has up to 32,000 characters, and may get a line with the marker."""
MAX_FIELD_CHARACTERS = 255
ABOUT_CALLS = {ActivityField.CALL_OUTCOME: 50, ActivityField.CALL_REASON: 50}


def is_logged(settings: CrmSettings, kind: CrmActivityKind) -> bool:
    """Say whether a workspace logs activities of a kind."""
    return {
        CrmActivityKind.EMAIL: settings.log_emails,
        CrmActivityKind.REPLY: settings.log_replies,
        CrmActivityKind.CALL: settings.log_calls,
    }[kind]


def custom_fields(logged: Logged, capabilities: CrmCapabilities) -> dict[ActivityField, str | bool]:
    """Return the custom fields that the organization has, with their values."""
    return {
        name: value if isinstance(value, bool) else storable(value)[: ABOUT_CALLS.get(name, MAX_FIELD_CHARACTERS)]
        for name, value in logged.fields.items()
        if name in capabilities.activity_fields
    }


def is_email_object(logged: Logged, settings: CrmSettings, capabilities: CrmCapabilities) -> bool:
    """Say whether the CRM gets an email object instead of a completed task."""
    return logged.email is not None and settings.email_objects and capabilities.email_objects


def activity_push(
    logged: Logged,
    settings: CrmSettings,
    capabilities: CrmCapabilities,
    *,
    person: CrmPerson,
    owner_id: str | None,
    related_id: str | None,
    marker: str,
    remote_id: str | None = None,
    fields: Mapping[ActivityField, str | bool],
) -> ActivityPush:
    """Return the record of an activity. With ``remote_id`` only ``fields`` are written."""
    type_ = TYPES[logged.kind]
    return ActivityPush(
        marker=marker,
        remote_id=remote_id,
        kind=ActivityKind(logged.kind.value),
        subject=_subject(logged, settings),
        body=_body(logged.body),
        at=logged.at,
        owner_id=owner_id,
        person_id=person.remote_id,
        related_id=related_id,
        type=type_ if type_ in capabilities.activity_types else None,
        fields=fields,
        email=logged.email if is_email_object(logged, settings, capabilities) else None,
    )


def _subject(logged: Logged, settings: CrmSettings) -> str:
    if logged.kind is CrmActivityKind.REPLY:
        return storable(reply_subject(logged.subject))
    values: dict[str, Any] = {
        "activity_type": TYPES[logged.kind],
        "activity_subject": logged.subject,
        "sales_campaign_name": logged.campaign,
        "sales_campaign_day": logged.day,
        "sales_campaign_step": logged.step,
        "call_outcome": logged.outcome,
        "call_reason": logged.reason,
    }
    return storable(subject(settings.subject_pattern, values))


def _body(text: str) -> str:
    text = storable(text)
    return text if len(text) <= MAX_BODY_CHARACTERS else f"{text[: MAX_BODY_CHARACTERS - 1]}…"


def related_record(records: Sequence[RelatedRecord]) -> str | None:
    """Return the related record of an activity: the only open opportunity, else the account. With several, none."""
    opportunities = [each for each in records if each.kind is RelatedKind.OPPORTUNITY and each.is_open]
    if len(opportunities) == 1:
        return opportunities[0].remote_id
    return next((each.remote_id for each in records if each.kind is RelatedKind.ACCOUNT), None)
