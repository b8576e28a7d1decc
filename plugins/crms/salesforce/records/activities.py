"""Logs activities as completed tasks, or as EmailMessage records if the org has Enhanced Email.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm and
…/sforce_api_objects_emailmessage.htm: Status 3 is "Sent". Salesforce makes the task of an email itself (ActivityId).
A sent email cannot change, so the custom fields are written to that task. EmailMessage has no unique external id here,
so an email whose answer was lost is found by its Message-ID (MessageIdentifier).

Emails that came in are always logged as tasks. The relation of an EmailMessage to the person whom it came from needs a
second request, and could get lost between the two (…/sforce_api_objects_emailmessagerelation.htm).

The date of a logged task is that of ``ActivityPush.at`` in the zone that ``at`` has.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import ActivityKind, ActivityPush, LoggedEmail
from plugins.crms.salesforce.records.description import ACTIVITY_FIELDS, Descriptions, ObjectDescription
from plugins.crms.salesforce.records.task_search import TaskSearch
from plugins.crms.salesforce.records.tasks import length_of, with_marker
from plugins.crms.salesforce.rest_api import soql
from plugins.crms.salesforce.rest_api.batches import Write, write_batches
from plugins.crms.salesforce.rest_api.queries import rows_in
from plugins.crms.salesforce.rest_api.rest import RestClient
from plugins.crms.salesforce.transport.ids import CONTACT, EMAIL_MESSAGE, LEAD, whole_id
from plugins.crms.salesforce.transport.json_reading import record_id, text
from plugins.crms.tasks import WriteResult

SUBTYPES = {ActivityKind.EMAIL: "Email", ActivityKind.REPLY: "Email", ActivityKind.CALL: "Call"}
SENT = "3"
MAX_MESSAGE_ID_CHARACTERS = 255
SUBJECT_CHARACTERS = 255


class Activities:
    """The activities of one connection."""

    def __init__(self, rest: RestClient, descriptions: Descriptions, search: TaskSearch) -> None:
        self.rest, self.descriptions, self.search = rest, descriptions, search
        self.marker_field = rest.settings.marker_field

    async def log(self, activities: Sequence[ActivityPush]) -> list[WriteResult]:
        """Log activities, and return a result for each. Raises CrmError."""
        task = await self.descriptions.of(self.rest, "Task")
        emails = [each for each in activities if each.remote_id is None and _sent_email(each)]
        tasks = [each for each in activities if each.remote_id is None and not _sent_email(each)]
        logged = [each for each in activities if each.remote_id is not None]
        batches = [[self._task(each, task) for each in tasks]]
        if emails:
            message = await self.descriptions.of(self.rest, "EmailMessage")
            batches.append([_email(each, email, message) for each in emails if (email := _sent_email(each))])
        changes, results = await self._changes(logged, task)
        written = await write_batches(self.rest, *batches, changes)
        ids = {each.marker: each.remote_id for each in logged}
        # The result of an email has the id of the email, not that of its task.
        return results + [
            WriteResult(each.key, remote_id=ids[each.key] or each.remote_id)
            if each.key in ids and not each.error
            else each
            for each in written
        ]

    async def find(self, markers: Mapping[str, ActivityPush], since: datetime) -> dict[str, str]:
        """Return the id of each activity that is in Salesforce, deleted ones included. Raises CrmError.

        A sent email is looked for among the emails and among the tasks: the setting can have changed since.
        """
        emails = {_identifier(each, email): marker for marker, each in markers.items() if (email := _sent_email(each))}
        tasks = await self.search.by_markers(list(markers), since)
        found = {each.marker: each.remote_id for each in tasks if each.marker}
        if emails:
            fields = ["Id", "MessageIdentifier"]
            rows = await rows_in(self.rest, fields, "EmailMessage", "MessageIdentifier", emails, deleted=True)
            for row in rows:
                marker = emails.get(text(row.get("MessageIdentifier")))
                if marker:
                    found[marker] = record_id(row.get("Id"))
        return {marker: remote_id for marker, remote_id in found.items() if marker in markers}

    def _task(self, activity: ActivityPush, task: ObjectDescription) -> Write:
        subtype = task.fields.get("TaskSubtype")
        values: dict[str, Any] = {
            "Subject": activity.subject[:SUBJECT_CHARACTERS],
            "Status": "Completed",
            "ActivityDate": activity.at.date().isoformat(),
            "Description": activity.body[: length_of(task)],
            "OwnerId": activity.owner_id,
            "WhoId": activity.person_id,
            "WhatId": None if (activity.person_id or "").startswith(LEAD) else activity.related_id,
            "Type": activity.type,
            **_own_fields(activity, task, creates=True),
        }
        if subtype and subtype.createable and SUBTYPES[activity.kind] in subtype.values:
            values["TaskSubtype"] = SUBTYPES[activity.kind]
        if task.marker(self.marker_field):
            values[self.marker_field] = activity.marker
        else:
            values["Description"] = with_marker(activity.body, activity.marker, length_of(task))
        return Write(activity.marker, "Task", {name: value for name, value in values.items() if value is not None})

    async def _changes(
        self, logged: Sequence[ActivityPush], task: ObjectDescription
    ) -> tuple[list[Write], list[WriteResult]]:
        """Return the tasks to update with custom fields, and the results of activities without a task."""
        ids = [whole for each in logged if (whole := whole_id(each.remote_id)) and whole.startswith(EMAIL_MESSAGE)]
        rows = await self._emails(ids)
        tasks = {record_id(row.get("Id")): whole_id(row.get("ActivityId")) for row in rows}
        writes, results = [], []
        for each in logged:
            whole = whole_id(each.remote_id)
            target = tasks.get(whole) if whole in ids else whole
            fields = _own_fields(each, task, creates=False)
            if not target:
                error = CrmError(CrmCode.NOT_FOUND, "Salesforce has no task for this activity")
                results.append(WriteResult(each.marker, error=error))
            elif not fields:
                results.append(WriteResult(each.marker, remote_id=each.remote_id))
            else:
                writes.append(Write(each.marker, "Task", fields, target))
        return writes, results

    async def _emails(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the tasks of emails. If the user cannot see them, there are none."""
        if not ids:
            return []
        message = await self.descriptions.of(self.rest, "EmailMessage")
        return await rows_in(self.rest, message.visible(["Id", "ActivityId"]), "EmailMessage", "Id", ids)


def _sent_email(activity: ActivityPush) -> LoggedEmail | None:
    return activity.email if activity.email and not activity.email.incoming else None


def _identifier(activity: ActivityPush, email: LoggedEmail) -> str:
    """Return the Message-ID by which an email is found again, or one that is made of the marker."""
    usable = 0 < len(email.message_id) <= MAX_MESSAGE_ID_CHARACTERS
    return email.message_id if usable else f"<{activity.marker}@touchline>"


def _email(activity: ActivityPush, email: LoggedEmail, message: ObjectDescription) -> Write:
    values: dict[str, Any] = {
        "Subject": activity.subject,
        "TextBody": activity.body,
        "HtmlBody": email.html or None,
        "FromAddress": email.from_address,
        "ToAddress": email.to_address,
        "CcAddress": "; ".join(email.cc) or None,
        "BccAddress": "; ".join(email.bcc) or None,
        "Status": SENT,
        "MessageDate": soql.instant(activity.at),
        "MessageIdentifier": _identifier(activity, email),
        "RelatedToId": None if (activity.person_id or "").startswith(LEAD) else activity.related_id,
    }
    fields = message.writable(values, creates=True)
    if (activity.person_id or "")[:3] in {LEAD, CONTACT}:
        fields["ToIds"] = [activity.person_id]
    return Write(activity.marker, "EmailMessage", {name: value for name, value in fields.items() if value is not None})


def _own_fields(activity: ActivityPush, task: ObjectDescription, *, creates: bool) -> dict[str, Any]:
    """Return the custom fields that the org has."""
    values = {ACTIVITY_FIELDS[kind]: value for kind, value in activity.fields.items()}
    return task.writable(values, creates=creates)
