"""People, users and activities as they pass between Touchline and a CRM."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from plugins.crms.checks import (
    MAX_USER_ID_CHARACTERS,
    check_cursor,
    check_ids,
    check_instants,
    check_kinds,
    check_list,
    check_marker,
    clean_mapping,
    clean_texts,
    storable,
)

MAX_SKIPPED = 10**9
"""The largest number of skipped rows that is stored."""


class PersonKind(StrEnum):
    """The kind of record of a person. HubSpot and Pipedrive have CONTACT only (a lead of Pipedrive is not a person)."""

    LEAD = "LEAD"
    CONTACT = "CONTACT"


@dataclass(frozen=True, slots=True)
class RemotePerson:
    """One person as the CRM has it."""

    remote_id: str
    kind: PersonKind
    address: str
    """The email address, or "" if the record has none."""
    created_at: datetime
    changed_at: datetime
    first_name: str = ""
    last_name: str = ""
    title: str = ""
    company: str = ""
    phone: str = ""
    other_addresses: Sequence[str] = ()
    owner_id: str | None = None
    """The CRM's id of the user who owns the record."""
    account_id: str | None = None
    """The CRM's id of the company that a contact belongs to."""
    opted_out: bool | None = None
    """Whether the person wants no emails. None: the CRM has no such field for this kind."""
    converted_to: str | None = None
    """A lead that was converted (Salesforce: ConvertedContactId): the id of its contact."""
    is_deleted: bool = False
    merged_into: str | None = None
    """A record that was merged (Salesforce: MasterRecordId): the id of the record that remains."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Further fields, by the CRM's name for them."""

    def __post_init__(self) -> None:
        """Refuse ids that cannot be stored and times without a zone; clean texts."""
        check_ids(self, "remote_id", "owner_id", "account_id", "converted_to", "merged_into")
        check_instants(self, "created_at", "changed_at")
        check_kinds(self, kind=PersonKind)
        clean_texts(self, "address", "first_name", "last_name", "title", "company", "phone")
        object.__setattr__(self, "other_addresses", tuple(storable(each) for each in self.other_addresses))
        object.__setattr__(self, "properties", clean_mapping(self.properties))


@dataclass(frozen=True, slots=True)
class PersonPage:
    """Some people of a source."""

    people: Sequence[RemotePerson]
    cursor: str | None
    """A text with which the next call continues, up to 2,000 characters. None: there are no more."""
    skipped: int = 0
    """The number of rows that name no lead or contact."""
    is_cut: bool = False
    """Whether the source has more people than the CRM's API returns (Salesforce: 2,000 rows of a report)."""

    def __post_init__(self) -> None:
        """Refuse a cursor that cannot be stored, and values of other types."""
        check_cursor(self)
        check_list(self, people=RemotePerson)
        check_kinds(self, skipped=int, is_cut=bool)
        object.__setattr__(self, "skipped", min(max(int(self.skipped), 0), MAX_SKIPPED))


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person that the CRM does not have yet, to be created as a lead (HubSpot, Pipedrive: as a contact)."""

    marker: str
    """Touchline's name for the write. The result carries it."""
    address: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    title: str = ""
    phone: str = ""
    owner_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse ids that cannot be stored."""
        check_marker(self.marker)
        check_ids(self, "owner_id")


class SourceKind(StrEnum):
    """The kind of a source from which people are imported."""

    REPORT = "REPORT"
    LIST_VIEW = "LIST_VIEW"
    """A list view. HubSpot: a list. Pipedrive: a filter."""
    QUERY = "QUERY"
    """A query in the CRM's language, such as SOQL."""


@dataclass(frozen=True, slots=True)
class PersonSource:
    """One source of people."""

    kind: SourceKind
    reference: str
    """The id of the report or list view, or the text of the query."""
    name: str = ""
    person_kind: PersonKind | None = None
    """Which records it lists. None: not known before it is read."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """Whether one person of the CRM wants no emails."""

    remote_id: str
    opted_out: bool
    changed_at: datetime
    """When it was changed: in the CRM if the CRM says it, else here."""
    address: str = ""
    """The email address of the record. ``changed_opt_outs`` gives it, so that the address is suppressed here."""
    kind: PersonKind | None = None
    """The kind of the record. ``changed_opt_outs`` gives it."""
    converted_to: str | None = None
    """A lead that was converted: the id of its contact. ``changed_opt_outs`` gives it, so that the link moves there."""

    def __post_init__(self) -> None:
        """Refuse ids that cannot be stored and a time without a zone; clean the address."""
        check_ids(self, "remote_id", "converted_to")
        check_instants(self, "changed_at")
        check_kinds(self, opted_out=bool)
        if self.kind is not None:
            check_kinds(self, kind=PersonKind)
        clean_texts(self, "address")


@dataclass(frozen=True, slots=True)
class OptOutPage:
    """Some people whose record was changed, with their opt-out."""

    opt_outs: Sequence[OptOut]
    cursor: str | None
    server_time: datetime

    def __post_init__(self) -> None:
        """Refuse a time without a zone, a cursor that cannot be stored, and opt-outs of another type."""
        check_instants(self, "server_time")
        check_cursor(self)
        check_list(self, opt_outs=OptOut)


@dataclass(frozen=True, slots=True)
class RemoteUser:
    """One user of the CRM: an owner of tasks."""

    remote_id: str
    address: str
    name: str
    is_active: bool = True

    def __post_init__(self) -> None:
        """Refuse an id that cannot be stored; clean texts."""
        check_ids(self, "remote_id", limit=MAX_USER_ID_CHARACTERS)
        clean_texts(self, "address", "name")


class RelatedKind(StrEnum):
    """The kind of a record to which an activity can belong besides the person."""

    OPPORTUNITY = "OPPORTUNITY"
    """HubSpot and Pipedrive: a deal."""
    ACCOUNT = "ACCOUNT"
    """HubSpot: a company. Pipedrive: an organization."""


@dataclass(frozen=True, slots=True)
class RelatedRecord:
    """An opportunity or an account of a contact. Salesforce needs a contact role for an opportunity."""

    remote_id: str
    kind: RelatedKind
    name: str
    is_open: bool = True

    def __post_init__(self) -> None:
        """Refuse an id that cannot be stored; clean texts."""
        check_ids(self, "remote_id")
        clean_texts(self, "name")


class ActivityKind(StrEnum):
    """The kind of a logged activity."""

    EMAIL = "EMAIL"
    CALL = "CALL"
    REPLY = "REPLY"


class ActivityField(StrEnum):
    """The custom activity fields that an organization can have. The session knows their names in the CRM.

    For Salesforce they are those that Marketo's package for Sales Insight Actions creates, such as MSE_Campaign__c.
    """

    CALL_OUTCOME = "CALL_OUTCOME"
    CALL_REASON = "CALL_REASON"
    CALL_RECORDING_URL = "CALL_RECORDING_URL"
    CALL_LOCAL_PRESENCE_ID = "CALL_LOCAL_PRESENCE_ID"
    CAMPAIGN = "CAMPAIGN"
    CAMPAIGN_STEP = "CAMPAIGN_STEP"
    CAMPAIGN_URL = "CAMPAIGN_URL"
    TEMPLATE = "TEMPLATE"
    TEMPLATE_URL = "TEMPLATE_URL"
    DETAILS_URL = "DETAILS_URL"
    EMAIL_STATUS = "EMAIL_STATUS"
    PRESENTATION_VIEWED = "PRESENTATION_VIEWED"
    VIEWED = "VIEWED"
    CLICKED = "CLICKED"
    REPLIED = "REPLIED"


@dataclass(frozen=True, slots=True)
class LoggedEmail:
    """The email of an activity, for CRMs that log emails as emails."""

    message_id: str
    from_address: str
    to_address: str
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    html: str = ""
    incoming: bool = False


@dataclass(frozen=True, slots=True)
class ActivityPush:
    """One activity, to be logged as a completed task or as an email."""

    marker: str
    """Touchline's name for the activity in the CRM, unique over all workspaces and for ever. The result carries it."""
    remote_id: str | None
    """The CRM's id. None: log it. Else write ``fields`` into the record."""
    kind: ActivityKind
    subject: str
    body: str
    at: datetime
    """When it happened."""
    owner_id: str | None
    person_id: str | None
    related_id: str | None = None
    """The CRM's id of an opportunity or an account (Salesforce: WhatId; not allowed with a lead)."""
    type: str | None = None
    """One of ``CrmCapabilities.activity_types``. None: the CRM's default."""
    fields: Mapping[ActivityField, str | bool] = field(default_factory=dict)
    email: LoggedEmail | None = None
    """Log it as an email. Only if ``CrmCapabilities.email_objects``. ``fields`` is empty then, and comes by a second
    write with the record's id, because the fields may be those of a task that the CRM makes for the email."""

    def __post_init__(self) -> None:
        """Refuse ids that cannot be stored and a time without a zone."""
        check_marker(self.marker)
        check_ids(self, "remote_id", "owner_id", "person_id", "related_id")
        check_instants(self, "at")
