"""Emails of an org with Enhanced Email: what may change, and the task and the relations that Salesforce makes.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_emailmessage.htm:
only drafts can be updated, but for IsExternallyVisible, custom fields, and the status from New to Read. ActivityId can
be given for emails on cases only; for others Salesforce makes the task. Each id of ToIds, CcIds and BccIds is linked to
a record of …/sforce_api_objects_emailmessagerelation.htm, which shows the present address of the person.
"""

from typing import Any, Protocol

from tests.salesforce.errors import ApiError
from tests.salesforce.ids import PREFIXES
from tests.salesforce.schema import SObject

Record = dict[str, Any]
NEW, READ, DRAFT = "0", "1", "5"
PEOPLE = {PREFIXES[name]: name for name in ("Contact", "Lead", "User")}
LISTS = {"ToAddress": "ToIds", "CcAddress": "CcIds", "BccAddress": "BccIds"}


class Records(Protocol):
    """What emails need of an org."""

    def find(self, record_id: str) -> Record | None: ...

    def create(self, name: str, values: Record, *, user: str | None = None, system: bool = False) -> str: ...


def check_email(sobject: SObject, record: Record, old: Record | None) -> None:
    """Raise ApiError if the email may not be saved so."""
    if old is None:
        if record["ActivityId"]:
            raise ApiError("FIELD_INTEGRITY_EXCEPTION", "ActivityId: only for emails on cases", ("ActivityId",))
        return
    if old["Status"] == DRAFT:
        return
    for name, field in sobject.fields.items():
        if not field.updateable or record[name] == old[name] or name.endswith("__c") or name == "IsExternallyVisible":
            continue
        if name != "Status" or (old[name], record[name]) != (NEW, READ):
            raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", "You cannot edit a sent email.", (name,))


def log_email(org: Records, email: Record, user: str) -> None:
    """Make the completed task of an email that is no draft, and the relations to its people."""
    ids = {kind: [each for each in email[name] or [] if each] for kind, name in LISTS.items()}
    if email["Status"] != DRAFT:
        people = [each for kind in ids for each in ids[kind] if PEOPLE.get(each[:3]) in {"Contact", "Lead"}]
        who = people[0] if people else None
        is_lead = who is not None and PEOPLE[who[:3]] == "Lead"
        values = {
            "Subject": (email["Subject"] or "")[:255],
            "Status": "Completed",
            "TaskSubtype": "Email",
            "Description": (email["TextBody"] or "")[:32_000],
            "ActivityDate": email["MessageDate"].date().isoformat() if email["MessageDate"] else None,
            "WhoId": who,
            "WhatId": None if is_lead else email["RelatedToId"],
        }
        email["ActivityId"] = org.create("Task", values, user=user)
    relations = [(kind, each, None) for kind in ids for each in ids[kind]]
    known = {str((org.find(each) or {}).get("Email") or "").lower() for _, each, _ in relations}
    for kind in (*LISTS, "FromAddress"):
        addresses = [each.strip() for each in str(email[kind] or "").split(";")]
        relations += [(kind, None, each) for each in addresses if each and each.lower() not in known]
    for kind, person, address in relations:
        values = {
            "EmailMessageId": email["Id"],
            "RelationId": person,
            "RelationType": kind,
            "RelationAddress": address or (org.find(person or "") or {}).get("Email"),
            "RelationObjectType": PEOPLE[person[:3]] if person else None,
        }
        org.create("EmailMessageRelation", values, user=user, system=True)
