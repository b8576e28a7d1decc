"""What Salesforce checks before it saves a record, and what it fills in itself."""

from datetime import datetime
from typing import Any, Protocol

from tests.salesforce.email_messages import check_email
from tests.salesforce.errors import ApiError
from tests.salesforce.ids import PREFIXES
from tests.salesforce.schema import SObject
from tests.salesforce.values import checked

Record = dict[str, Any]


class Records(Protocol):
    """What the rules need of an org."""

    duplicate_rule: bool

    def find(self, record_id: str) -> Record | None: ...

    def records(self, name: str) -> list[Record]: ...

    def by_value(self, name: str, field_name: str, value: str) -> list[Record]: ...


def checked_values(sobject: SObject, values: Record, permission: str, *, system: bool = False) -> Record:
    """Return the values of a request as they are stored. Raises ApiError."""
    found = {}
    for name, value in values.items():
        if name == "attributes":
            continue
        field = sobject.find(name)
        if field is None:
            raise ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}", (name,))
        if not system and not getattr(field, permission):
            raise ApiError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {field.name}. Please check the security settings of this field and "
                "verify that it is read/write for your profile or permission set.",
                (field.name,),
            )
        found[field.name] = checked(field, value)
    return found


def complete(sobject: SObject, record: Record, old: Record | None, stamp: datetime) -> None:
    """Fill in the fields that Salesforce computes."""
    if sobject.name in {"Lead", "Contact"}:
        record["Name"] = " ".join(name for name in (record["FirstName"], record["LastName"]) if name)
    if sobject.name == "Task":
        record["IsClosed"] = record["Status"] == "Completed"
        if record["IsClosed"] and not (old and old["IsClosed"]):
            record["CompletedDateTime"] = stamp
        if not record["IsClosed"]:
            record["CompletedDateTime"] = None


def check_record(records: Records, sobject: SObject, record: Record, old: Record | None) -> None:
    """Raise ApiError if the record may not be saved."""
    missing = [each.name for each in sobject.fields.values() if each.required and record[each.name] in {None, ""}]
    if missing:
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", tuple(missing))
    if old and old.get("IsConverted"):
        raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    if sobject.name == "EmailMessage":
        check_email(sobject, record, old)
    _check_references(records, sobject, record, old)
    _check_unique(records, sobject, record)
    if sobject.name == "Lead" and old is None and records.duplicate_rule and record["Email"]:
        _check_duplicates(records, record["Email"])


def _check_references(records: Records, sobject: SObject, record: Record, old: Record | None) -> None:
    for name, field in sobject.fields.items():
        value = record[name]
        if not field.refers_to or not value or field.type == "JunctionIdList" or (old and old[name] == value):
            continue
        if name in {"CreatedById", "LastModifiedById"}:
            continue
        target = records.find(value)
        if value[:3] not in {PREFIXES[each] for each in field.refers_to}:
            raise ApiError("FIELD_INTEGRITY_EXCEPTION", f"{name}: id value of incorrect type: {value}", (name,))
        if target is None or (target["IsDeleted"] and name != "MasterRecordId"):
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {name}", (name,))
        if target.get("IsConverted") and sobject.name == "Task":
            raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", f"cannot reference converted lead: {name}", (name,))
        if name == "OwnerId" and not target["IsActive"]:
            raise ApiError("INACTIVE_OWNER_OR_USER", f"operation performed with inactive user [{value}]", (name,))
    if sobject.name == "Task" and record["WhatId"] and (record["WhoId"] or "").startswith(PREFIXES["Lead"]):
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", "If Name is a Lead, Related To must be blank.", ("WhatId",))


def _check_unique(records: Records, sobject: SObject, record: Record) -> None:
    for name, field in sobject.fields.items():
        if field.unique and record[name]:
            others = [row for row in records.by_value(sobject.name, name, record[name]) if row["Id"] != record["Id"]]
            if others:
                raise ApiError(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {name} duplicates value on record with id: {others[0]['Id']}",
                    (),
                )


def _check_duplicates(records: Records, address: str) -> None:
    """https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_header_duplicaterule.htm"""
    for name in ("Lead", "Contact"):
        if any((row["Email"] or "").lower() == address.lower() for row in records.records(name)):
            raise ApiError("DUPLICATES_DETECTED", "Use one of these records?")
