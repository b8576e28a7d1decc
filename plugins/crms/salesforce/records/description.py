"""The org's objects with the fields that this user can see (sObject Describe), and the capabilities of the session.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm. The description
has only the fields that the user can see. It is used for some minutes, also by later sessions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from plugins.crms.access import CrmCapabilities
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import ActivityField, PersonKind
from plugins.crms.salesforce.rest_api.rest import RestClient, refused
from plugins.crms.salesforce.transport.json_reading import number, record, records, text

ACTIVITY_FIELDS: Mapping[ActivityField, str] = {
    ActivityField.CALL_OUTCOME: "mktosales_call_outcome__c",
    ActivityField.CALL_REASON: "mktosales_call_reason__c",
    ActivityField.CALL_RECORDING_URL: "MSE_Call_Recording__c",
    ActivityField.CALL_LOCAL_PRESENCE_ID: "MSE_Call_Local_Presence_ID__c",
    ActivityField.CAMPAIGN: "MSE_Campaign__c",
    ActivityField.CAMPAIGN_STEP: "MSE_Current_Campaign_Step__c",
    ActivityField.CAMPAIGN_URL: "MSE_Campaign_Details_Link__c",
    ActivityField.TEMPLATE: "MSE_Template__c",
    ActivityField.TEMPLATE_URL: "MSE_Template_Details__c",
    ActivityField.DETAILS_URL: "MSE_Details__c",
    ActivityField.EMAIL_STATUS: "MSE_Email_Status__c",
    ActivityField.PRESENTATION_VIEWED: "MSE_Presentation_Viewed__c",
    ActivityField.VIEWED: "MSE_Viewed__c",
    ActivityField.CLICKED: "MSE_Clicked__c",
    ActivityField.REPLIED: "MSE_Replied__c",
}
"""The custom fields of activities (Adobe: "Logging Sales Activity Attributes to Salesforce")."""
ACTIVITY_TYPES = ("Email", "Call", "Reply")
STATUSES = ("Not Started", "Completed")
PRIORITIES = ("Normal", "High")
IDENTIFIER = "MessageIdentifier"
FIELDS_OF_EMAILS = ("Status", IDENTIFIER, "ToIds")
MAX_FIELDS = 2_000


@dataclass(frozen=True, slots=True)
class FieldDescription:
    """The description of one field."""

    name: str
    type: str = ""
    length: int = 0
    createable: bool = False
    updateable: bool = False
    unique_external_id: bool = False
    filterable: bool = True
    values: frozenset[str] = frozenset()
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class ObjectDescription:
    """The description of one object. An object that the user cannot see has no fields."""

    name: str
    createable: bool = False
    updateable: bool = False
    fields: Mapping[str, FieldDescription] = field(default_factory=dict)

    def visible(self, names: Iterable[str]) -> list[str]:
        """Return those of the fields that the user can see. ``Account.Name`` counts as its id field."""
        return [name for name in names if (f"{name.split('.')[0]}Id" if "." in name else name) in self.fields]

    def marker(self, name: str) -> FieldDescription | None:
        """Return the field for the marker, if the user can write it and search by it."""
        found = self.fields.get(name)
        return found if found and found.createable and found.filterable else None

    def writable(self, values: Mapping[str, Any], *, creates: bool) -> dict[str, Any]:
        """Return the values whose fields the user can write, with texts cut to the length of the field."""
        found = {}
        for name, value in values.items():
            described = self.fields.get(name)
            if described and (described.createable if creates else described.updateable):
                found[name] = value[: described.length] if isinstance(value, str) and described.length else value
        return found


class KnownDescriptions:
    """The descriptions of the objects of one connection, kept for some minutes, because each costs an API call."""

    def __init__(self) -> None:
        self.skew = timedelta(0)
        """Salesforce's clock minus the host's, for a session that gets a description from here and has made no call."""
        self._by_name: dict[str, tuple[datetime, ObjectDescription]] = {}

    async def of(self, rest: RestClient, name: str) -> ObjectDescription:
        """Return the description of an object. Raises CrmError."""
        now, oldest = rest.host.now(), timedelta(seconds=rest.limits.describe_seconds)
        earlier = self._by_name.get(name)
        if earlier and timedelta(0) <= now - earlier[0] < oldest:
            rest.skew = rest.skew if rest.knows_time else self.skew
            return earlier[1]
        try:
            found = _read(name, await rest.get(f"sobjects/{name}/describe"))
        except CrmError as error:
            if not refused(error) and error.code is not CrmCode.NOT_FOUND:
                raise
            found = ObjectDescription(name)
        self._by_name[name], self.skew = (now, found), rest.skew
        return found


class Descriptions:
    """The descriptions that one session uses. They do not change during the session, so its capabilities stay true."""

    def __init__(self, shared: KnownDescriptions) -> None:
        self._shared = shared
        self._own: dict[str, ObjectDescription] = {}

    async def of(self, rest: RestClient, name: str) -> ObjectDescription:
        """Return the description of an object. Raises CrmError."""
        if name not in self._own:
            self._own[name] = await self._shared.of(rest, name)
        return self._own[name]


def capabilities(found: Mapping[str, ObjectDescription], marker: str, opt_out: str) -> CrmCapabilities:
    """Return the capabilities of a session, with sentences about what is missing."""
    task, email = found["Task"], found["EmailMessage"]
    field_of_marker = task.marker(marker)
    has_field = field_of_marker is not None
    unique = field_of_marker is not None and field_of_marker.unique_external_id
    people = ((PersonKind.LEAD, found["Lead"]), (PersonKind.CONTACT, found["Contact"]))
    return CrmCapabilities(
        marker_is_unique=unique,
        has_marker_field=has_field,
        activity_types=frozenset(task.fields["Type"].values & set(ACTIVITY_TYPES))
        if "Type" in task.fields
        else frozenset(),
        activity_fields=frozenset(kind.value for kind, name in ACTIVITY_FIELDS.items() if _updates(task, name)),
        email_objects=email.createable and not _missing_of_emails(email),
        opt_out_fields=frozenset(kind.value for kind, each in people if _updates(each, opt_out)),
        problems=(*_problems(task, marker, has_field, unique), *_problems_of_emails(email)),
    )


def _missing_of_emails(email: ObjectDescription) -> list[str]:
    """Return the required fields of emails that are missing. Their Message-ID finds them again after a lost answer."""
    fields = [email.fields.get(name, FieldDescription(name)) for name in FIELDS_OF_EMAILS]
    return [each.name for each in fields if not each.createable or (each.name == IDENTIFIER and not each.filterable)]


def _problems_of_emails(email: ObjectDescription) -> Iterable[str]:
    if email.createable and (missing := _missing_of_emails(email)):
        yield (
            f"The user cannot write the fields {', '.join(missing)} of email messages. Touchline logs emails as tasks, "
            "whatever emailObjects says."
        )


def _problems(task: ObjectDescription, marker: str, has_field: bool, unique: bool) -> Iterable[str]:
    if not task.createable or not task.updateable:
        yield "The user cannot create and edit tasks. Give the user this permission in Salesforce."
        return
    if not has_field:
        yield (
            f"Activities have no field {marker} that the user can see and write. Touchline writes its id into the last "
            "line of the comments, and looks for it before it creates a task again."
        )
    elif not unique:
        yield (
            f"The field {marker} is not an external id and unique. Touchline looks for a task before it creates it "
            "again."
        )
    for name, values in (("Status", STATUSES), ("Priority", PRIORITIES)):
        picklist = task.fields.get(name)
        missing = [value for value in values if picklist and picklist.values and value not in picklist.values]
        if missing:
            yield f"The picklist {name} of tasks does not have {', '.join(missing)}, which Touchline writes."
    hidden = [name for name in ("Subject", "Status", "ActivityDate", "Description", "WhoId") if name not in task.fields]
    if hidden:
        yield f"The user cannot see the fields {', '.join(hidden)} of tasks. Give the user access to them."


def _updates(described: ObjectDescription, name: str) -> bool:
    field_of_name = described.fields.get(name)
    return bool(field_of_name and field_of_name.updateable)


def _read(name: str, body: object) -> ObjectDescription:
    found = record(body)
    fields = [_field(each) for each in records(found.get("fields"))[:MAX_FIELDS]]
    return ObjectDescription(
        name,
        createable=found.get("createable") is True,
        updateable=found.get("updateable") is True,
        fields={each.name: each for each in fields if each.name},
    )


def _field(body: dict[str, Any]) -> FieldDescription:
    picklist = body.get("picklistValues")
    entries = records(picklist) if picklist else []
    return FieldDescription(
        name=text(body.get("name")),
        type=text(body.get("type")),
        length=number(body.get("length")) or 0,
        createable=body.get("createable") is True,
        updateable=body.get("updateable") is True,
        unique_external_id=body.get("externalId") is True and body.get("unique") is True,
        filterable=body.get("filterable") is not False,
        values=frozenset(text(each.get("value")) for each in entries if each.get("active") is not False),
        restricted=body.get("restrictedPicklist") is True,
    )
