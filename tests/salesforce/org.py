"""An org: its records, users and clock, and the rules by which records change.

The tests change records here as users of Salesforce do (``create``, ``update``, ``delete``, ``convert``), and read them
for their checks (``records``). Requests come through the same methods.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.salesforce.email_messages import log_email
from tests.salesforce.errors import ApiError
from tests.salesforce.ids import PREFIXES, new_ids, read_id
from tests.salesforce.record_rules import check_record, checked_values, complete
from tests.salesforce.schema import SObject
from tests.salesforce.standard_objects import ACTIVITY_FIELDS, EXTERNAL_ID, email_objects, standard_objects

Record = dict[str, Any]
Rule = Callable[[str, Record, Record | None], None]
"""Raises ApiError if the record (name of the object, new values, old values or None) may not be saved."""
BY_PREFIX = {prefix: name for name, prefix in PREFIXES.items()}
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test sets. Salesforce's is ``skew`` ahead of it."""

    at: datetime = START
    skew: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the present time in Salesforce."""
        return self.at + self.skew


@dataclass
class Org:
    """One org of Salesforce."""

    clock: Clock = field(default_factory=Clock)
    external_id: bool = True
    """Whether an administrator created the unique external id Touchline_Id__c on Task."""
    activity_fields: bool = False
    """Whether the org has the custom activity fields."""
    enhanced_email: bool = False
    duplicate_rule: bool = False
    """Whether a lead with the address of another person is rejected."""
    now: Callable[[], datetime] | None = None
    """Another clock, for tests whose time moves by itself. ``clock.skew`` is added."""

    def __post_init__(self) -> None:
        """Create the objects, the organization and an administrator."""
        self.objects: dict[str, SObject] = standard_objects() | (email_objects() if self.enhanced_email else {})
        if self.external_id:
            self.objects["Task"].add(EXTERNAL_ID)
        if self.activity_fields:
            self.objects["Task"].add(*ACTIVITY_FIELDS)
        self.tables: dict[str, dict[str, Record]] = {name: {} for name in self.objects}
        self.rules: list[Rule] = []
        """Validation rules, triggers and flows of the org."""
        self.readonly: set[str] = set()
        """Ids of records that no user of the API may change."""
        self.locked: set[str] = set()
        """Ids of records that an approval has locked."""
        self.purged_until: datetime | None = None
        """The recycle bin was emptied then: older deletions are not known."""
        self.transactions_since: datetime | None = None
        """When the oldest transaction that is still running began. getDeleted covers no more than this time."""
        self.is_active = True
        self._ids = {name: new_ids(name) for name in PREFIXES}
        self._indexes: dict[tuple[str, str], dict[str, list[str]]] = {}
        self._stamp = datetime.min.replace(tzinfo=UTC)
        self._user = next(self._ids["User"])
        self.organization = self.create(
            "Organization",
            {"Name": "Acme", "InstanceName": "EU5", "OrganizationType": "Enterprise Edition"},
            system=True,
        )
        self.admin = self.add_user("admin@acme.example", "Ada Admin", record_id=self._user)

    def time(self) -> datetime:
        """Return the present time by Salesforce's clock."""
        moment = self.now() + self.clock.skew if self.now else self.clock.now()
        return moment.astimezone(UTC)

    def add_user(self, username: str, name: str = "", *, active: bool = True, record_id: str | None = None) -> str:
        """Create a user and return the id."""
        values = {"Username": username, "Email": username, "Name": name or username, "IsActive": active}
        return self.create("User", values, system=True, record_id=record_id)

    def create(
        self, name: str, values: Record, *, user: str | None = None, system: bool = False, record_id: str | None = None
    ) -> str:
        """Create a record and return its id. Raises ApiError. ``system`` writes fields that nobody may write."""
        sobject, stamp = self.sobject(name), self._next_stamp()
        record = {each.name: each.default for each in sobject.fields.values()}
        record |= checked_values(sobject, values, "createable", system=system)
        author = user or self._user
        record |= {"Id": record_id or next(self._ids[name]), "CreatedDate": stamp, "CreatedById": author}
        if "OwnerId" in sobject.fields:
            record["OwnerId"] = record["OwnerId"] or author
        self._save(sobject, record, None, author, stamp)
        if name == "EmailMessage":
            log_email(self, record, author)
        return str(record["Id"])

    def update(self, record_id: str, values: Record, *, user: str | None = None, system: bool = False) -> None:
        """Change a record. Raises ApiError."""
        old = self.writable(record_id)
        sobject = self.sobject(BY_PREFIX[record_id[:3]])
        record = old | checked_values(sobject, values, "updateable", system=system)
        self._save(sobject, record, old, user or self._user, self._next_stamp())

    def delete(self, record_id: str) -> None:
        """Move a record to the recycle bin. Raises ApiError."""
        record = self.writable(record_id)
        record |= {"IsDeleted": True, "SystemModstamp": self._next_stamp()}

    def undelete(self, record_id: str) -> None:
        """Restore a record from the recycle bin."""
        record = self.find(record_id)
        assert record is not None
        record |= {"IsDeleted": False, "SystemModstamp": self._next_stamp()}

    def convert(self, lead_id: str, contact_id: str | None = None) -> str:
        """Convert a lead into a contact and return the contact's id. Its tasks move to the contact.

        Custom fields that both have are mapped.
        https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_convertlead.htm
        """
        lead = self.writable(lead_id)
        if contact_id is None:
            account = self.create("Account", {"Name": lead["Company"]})
            names = ["FirstName", "LastName", "Email", "Title", "Phone", "HasOptedOutOfEmail"]
            names += [name for name in self.sobject("Contact").fields if name.endswith("__c") and name in lead]
            contact_id = self.create("Contact", {name: lead[name] for name in names} | {"AccountId": account})
        stamp = self._next_stamp()
        lead |= {"IsConverted": True, "ConvertedContactId": contact_id, "Status": "Converted", "SystemModstamp": stamp}
        for task in self.tables["Task"].values():
            if task["WhoId"] == lead_id:
                task |= {"WhoId": contact_id, "SystemModstamp": stamp}
        return contact_id

    def merge(self, winner_id: str, loser_id: str) -> None:
        """Merge a record into another of the same object. The loser is deleted and names the winner."""
        self.update(loser_id, {"MasterRecordId": winner_id}, system=True)
        self.delete(loser_id)

    def sobject(self, name: str) -> SObject:
        """Return an object. Raises ApiError."""
        if name not in self.objects:
            raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
        return self.objects[name]

    def rows(self, name: str) -> Iterable[Record]:
        """Return the records of an object, deleted ones included."""
        return self.tables[name].values()

    def records(self, name: str) -> list[Record]:
        """Return copies of the records of an object that are not deleted, for a test's checks."""
        return [dict(row) for row in self.tables[name].values() if not row["IsDeleted"]]

    def find(self, record_id: str) -> Record | None:
        """Return a record by its whole id, deleted or not."""
        name = BY_PREFIX.get(record_id[:3], "")
        return self.tables.get(name, {}).get(record_id)

    def writable(self, record_id: object) -> Record:
        """Return a record that may be changed. Raises ApiError."""
        whole = read_id(record_id)
        if whole is None:
            raise ApiError("MALFORMED_ID", f"bad id {record_id}", status=404)
        record = self.find(whole)
        if record is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
        if record["IsDeleted"]:
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        if whole in self.readonly:
            raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", status=403)
        if whole in self.locked:
            raise ApiError("ENTITY_IS_LOCKED", "entity is locked for editing")
        return record

    def by_value(self, name: str, field_name: str, value: str) -> list[Record]:
        """Return the records that are not deleted with this value of an external id, compared without case."""
        ids = self._indexes.setdefault((name, field_name), {}).get(value.lower(), [])
        found = [self.tables[name][record_id] for record_id in ids]
        return [row for row in found if not row["IsDeleted"] and str(row[field_name]).lower() == value.lower()]

    def snapshot(self, ids: Iterable[str]) -> Callable[[], None]:
        """Return a function that restores these records, and removes those that are created meanwhile."""
        before = {record_id: dict(row) for record_id in ids if (row := self.find(record_id))}
        known = {name: set(rows) for name, rows in self.tables.items()}

        def restore() -> None:
            for name, rows in self.tables.items():
                for record_id in set(rows) - known[name]:
                    del rows[record_id]
                    for index in self._indexes.values():
                        for ids in index.values():
                            ids[:] = [each for each in ids if each != record_id]
            for record_id, row in before.items():
                self.tables[BY_PREFIX[record_id[:3]]][record_id] = row

        return restore

    def _save(self, sobject: SObject, record: Record, old: Record | None, user: str, stamp: datetime) -> None:
        complete(sobject, record, old, stamp)
        record |= {"LastModifiedDate": stamp, "LastModifiedById": user, "SystemModstamp": stamp}
        check_record(self, sobject, record, old)
        for rule in self.rules:
            rule(sobject.name, record, old)
        self.tables[sobject.name][record["Id"]] = record
        for each in sobject.fields.values():
            if each.external_id and record[each.name]:
                ids = self._indexes.setdefault((sobject.name, each.name), {}).setdefault(record[each.name].lower(), [])
                if record["Id"] not in ids:
                    ids.append(record["Id"])

    def _next_stamp(self) -> datetime:
        """Return a time with whole seconds that never goes back, as SystemModstamp does."""
        self._stamp = max(self._stamp, self.time().replace(microsecond=0))
        return self._stamp
