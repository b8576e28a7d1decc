"""Finds and creates people: leads and contacts, users, and what a contact belongs to.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_lead.htm,
…_contact.htm, …_user.htm and …_opportunitycontactrole.htm
"""

from collections.abc import Mapping, Sequence
from typing import Any

from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import (
    NewPerson,
    PersonKind,
    RelatedKind,
    RelatedRecord,
    RemotePerson,
    RemoteUser,
)
from plugins.crms.salesforce.records.description import Descriptions, ObjectDescription
from plugins.crms.salesforce.rest_api.batches import Write
from plugins.crms.salesforce.rest_api.queries import rows_in
from plugins.crms.salesforce.rest_api.rest import RestClient, refused
from plugins.crms.salesforce.transport.ids import CONTACT, LEAD, USER, whole_id
from plugins.crms.salesforce.transport.json_reading import inner, instant, record_id, text

OBJECTS = {PersonKind.LEAD: "Lead", PersonKind.CONTACT: "Contact"}
PREFIXES = {LEAD: PersonKind.LEAD, CONTACT: PersonKind.CONTACT}
SYSTEM_FIELDS = ["Id", "CreatedDate", "SystemModstamp", "IsDeleted"]
FIELDS = ("FirstName", "LastName", "Email", "Title", "Phone", "OwnerId", "MasterRecordId")
OWN_FIELDS = {
    PersonKind.LEAD: ("Company", "IsConverted", "ConvertedContactId"),
    PersonKind.CONTACT: ("AccountId", "Account.Name"),
}
UNKNOWN = "[not provided]"
"""The text that Salesforce itself writes into a required name or company that is not known."""


class People:
    """The people of one connection."""

    def __init__(self, rest: RestClient, descriptions: Descriptions) -> None:
        self.rest, self.descriptions = rest, descriptions

    async def find(self, remote_ids: Sequence[str], addresses: Sequence[str]) -> list[RemotePerson]:
        """Return all records that have one of the ids or addresses. Raises CrmError."""
        found: dict[str, RemotePerson] = {}
        ids = [whole for each in remote_ids if (whole := whole_id(each))]
        opt_out = self.rest.settings.opt_out_field
        for prefix, kind in PREFIXES.items():
            described = await self.descriptions.of(self.rest, OBJECTS[kind])
            if not described.fields:
                continue
            fields = fields_of(kind, described, opt_out)
            of_kind = [each for each in ids if each.startswith(prefix)]
            rows = await rows_in(self.rest, fields, OBJECTS[kind], "Id", of_kind, deleted=True) if of_kind else []
            if "Email" in described.fields:
                given_addresses = [address for address in addresses if address]
                rows += await rows_in(self.rest, fields, OBJECTS[kind], "Email", given_addresses)
            found |= {each.remote_id: each for each in (person_of(row, kind, opt_out) for row in rows)}
        return list(found.values())

    async def users(self, remote_ids: Sequence[str], addresses: Sequence[str]) -> list[RemoteUser]:
        """Return the users that have one of the ids or addresses. Raises CrmError."""
        fields = ["Id", "Name", "Email", "Username", "IsActive"]
        ids = [whole for each in remote_ids if (whole := whole_id(each)) and whole.startswith(USER)]
        rows = await rows_in(self.rest, fields, "User", "Id", ids)
        rows += await rows_in(self.rest, fields, "User", "Email", [address for address in addresses if address])
        users = [
            RemoteUser(
                record_id(row.get("Id")),
                address=text(row.get("Email")),
                name=text(row.get("Name")) or text(row.get("Username")),
                is_active=row.get("IsActive") is True,
            )
            for row in rows
        ]
        return list({user.remote_id: user for user in users}.values())

    async def related(self, person_ids: Sequence[str]) -> Mapping[str, Sequence[RelatedRecord]]:
        """Return the opportunities (by contact roles) and the account of each contact. Raises CrmError."""
        ids = [whole for each in person_ids if (whole := whole_id(each)) and whole.startswith(CONTACT)]
        found: dict[str, list[RelatedRecord]] = {}
        if not ids:
            return found
        described = await self.descriptions.of(self.rest, "Contact")
        visible = described.visible(["AccountId", "Account.Name"])
        for row in await rows_in(self.rest, ["Id", *visible], "Contact", "Id", ids) if visible else []:
            account = whole_id(row.get("AccountId"))
            if account:
                name = text(inner(row, "Account").get("Name"))
                related = RelatedRecord(account, RelatedKind.ACCOUNT, name)
                found.setdefault(record_id(row.get("Id")), []).append(related)
        fields = ["ContactId", "OpportunityId", "Opportunity.Name", "Opportunity.IsClosed"]
        try:
            roles = await rows_in(self.rest, fields, "OpportunityContactRole", "ContactId", ids)
        except CrmError as error:
            if not refused(error):
                raise
            roles = []  # the user cannot see opportunities
        for row in roles:
            opportunity = inner(row, "Opportunity")
            related = RelatedRecord(
                record_id(row.get("OpportunityId")),
                RelatedKind.OPPORTUNITY,
                text(opportunity.get("Name")),
                is_open=opportunity.get("IsClosed") is not True,
            )
            found.setdefault(record_id(row.get("ContactId")), []).append(related)
        return found


def fields_of(kind: PersonKind, described: ObjectDescription, opt_out: str) -> list[str]:
    """Return the fields to read of a lead or a contact."""
    return SYSTEM_FIELDS + described.visible([*FIELDS, opt_out, *OWN_FIELDS[kind]])


def person_of(row: Mapping[str, Any], kind: PersonKind, opt_out: str) -> RemotePerson:
    """Return the person of a record. Raises CrmError."""
    converted = whole_id(row.get("ConvertedContactId")) if row.get("IsConverted") is True else None
    opted_out = row.get(opt_out)
    return RemotePerson(
        record_id(row.get("Id")),
        kind,
        address=text(row.get("Email")),
        created_at=instant(row.get("CreatedDate")),
        changed_at=instant(row.get("SystemModstamp")),
        first_name=text(row.get("FirstName")),
        last_name=text(row.get("LastName")),
        title=text(row.get("Title")),
        company=text(row.get("Company")) or text(inner(row, "Account").get("Name")),
        phone=text(row.get("Phone")),
        owner_id=whole_id(row.get("OwnerId")),
        account_id=whole_id(row.get("AccountId")),
        opted_out=opted_out if isinstance(opted_out, bool) else None,
        converted_to=converted,
        is_deleted=row.get("IsDeleted") is True,
        merged_into=whole_id(row.get("MasterRecordId")),
    )


def new_lead(person: NewPerson, lead: ObjectDescription) -> Write:
    """Return the lead to create. Name and company are required in Salesforce."""
    values = {
        "FirstName": person.first_name,
        "LastName": person.last_name or UNKNOWN,
        "Company": person.company or UNKNOWN,
        "Email": person.address,
        "Title": person.title,
        "Phone": person.phone,
        "OwnerId": person.owner_id or "",
    }
    filled = {name: value for name, value in values.items() if value}
    return Write(person.marker, "Lead", lead.writable(filled, creates=True) if lead.fields else filled)
