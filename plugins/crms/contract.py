"""The contract of CRMs. Touchline syncs tasks with a CRM, logs activities in it and takes people from it.

``Crm.open`` opens a session with the stored access of a workspace. A session knows the CRM and no database; Touchline
knows none of the CRM's field names. Each method makes as few requests as it can, and awaits ``CrmHost.before_call``
before each of them. The types of its records are in ``tasks.py`` and ``people_and_activities.py`` of this folder.

Failures of the CRM are ``CrmError`` of ``plugins/crms/errors.py``: raised if the whole call failed, or in the
``WriteResult`` of one record. If a write may have been carried out, such as when the connection broke before the
answer, the error is ``in_doubt``. Touchline then waits for ``Crm.doubt_seconds``, looks for the record by its marker,
and writes it only if it is not there. So no record is created twice.

The contract was compared with the public APIs of three CRMs. Each method says how Salesforce (REST API), HubSpot
(developers.hubspot.com, CRM API 2026-03) and Pipedrive (developers.pipedrive.com) would do it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import ClassVar

from plugins.crms.access import ApiUse, ConnectWay, Consent, CrmAccess, CrmCapabilities, CrmHost, CrmIdentity
from plugins.crms.people_and_activities import (
    ActivityPush,
    NewPerson,
    OptOut,
    OptOutPage,
    PersonPage,
    PersonSource,
    RelatedRecord,
    RemotePerson,
    RemoteUser,
    SourceKind,
)
from plugins.crms.tasks import DeletedTasks, RemoteTask, TaskPage, TaskPush, WriteResult


class CrmSession(ABC):
    """One connection to a CRM. It is used by one job at a time."""

    clock_skew: timedelta = timedelta(0)
    """The CRM's clock minus this server's, as the Date header (RFC 9110, 6.6.1) of the last answer says."""

    @abstractmethod
    async def identify(self) -> CrmIdentity:
        """Return the user and the organization of the connection.

        Salesforce: the OAuth userinfo endpoint and the object Organization. HubSpot: GET /account-info/v3/details and
        the token's introspection. Pipedrive: GET /v1/users/me.
        """

    @abstractmethod
    async def limits(self) -> ApiUse | None:
        """Return how many API calls are used. None if the CRM does not say.

        Salesforce: GET /limits, DailyApiRequests. HubSpot: GET /account-info/v3/api-usage/daily/private-apps.
        Pipedrive: the headers of the last answer.
        """

    @abstractmethod
    async def describe(self) -> CrmCapabilities:
        """Return what the CRM can do for this user.

        Salesforce: sObject Describe of Task, Lead and Contact. HubSpot: GET /crm/v3/properties/tasks. Pipedrive: GET
        /v1/activityFields and /v1/activityTypes.
        """

    @abstractmethod
    async def push_tasks(self, pushes: Sequence[TaskPush]) -> Sequence[WriteResult]:
        """Create and update up to 200 tasks, and return a result for each, in any order. Records fail separately.

        A push without ``remote_id`` creates the task with its marker. If a task has the marker already and
        ``marker_is_unique``, do not change that task: the result is DUPLICATE_VALUE, and Touchline looks for the task.
        So do not upsert. A CRM can carry out a request after its answer was lost and the task was changed there. An
        upsert would then write older values over newer ones.

        Salesforce: sObject Collections with allOrNone=false, at most one request each for POST and PATCH by id.
        HubSpot: POST /crm/objects/2026-03/tasks/batch/create and update, 100 records a request. Pipedrive: POST and
        PATCH /api/v2/activities, one request a record.
        """

    @abstractmethod
    async def delete_tasks(self, remote_ids: Sequence[str]) -> Sequence[WriteResult]:
        """Delete up to 200 tasks. A task that does not exist any more counts as deleted. Keys are the remote ids.

        Salesforce: DELETE /composite/sobjects?ids=…&allOrNone=false. HubSpot: POST tasks/batch/archive. Pipedrive:
        DELETE /api/v2/activities/ID, one request a record.
        """

    @abstractmethod
    async def changed_tasks(self, since: datetime, cursor: str | None) -> TaskPage:
        """Return the tasks that were changed at or after ``since`` by the CRM's clock, oldest change first.

        ``cursor`` continues a round; ``since`` is then the same as before. The caller overlaps the rounds and ignores
        what it knows already. Leave out deleted tasks, or mark them with ``is_deleted``.

        Salesforce: SOQL ``WHERE SystemModstamp >= :since ORDER BY SystemModstamp, Id``. HubSpot: POST tasks/search
        with a filter and a sort by hs_lastmodifieddate; a search returns at most 10,000 records, so the cursor holds
        the last change as well. Pipedrive: GET /api/v2/activities?updated_since=…&sort_by=update_time.
        """

    @abstractmethod
    async def deleted_tasks(self, since: datetime, until: datetime) -> DeletedTasks:
        """Return the tasks that were deleted in a window. Raises CrmError (DELETIONS_EXPIRED) if it begins too early.

        Salesforce: GET /sobjects/Task/deleted, up to 15 days back. HubSpot: GET tasks?archived=true, by archivedAt.
        Pipedrive: GET /v1/recents?items=delete_log; deleted activities are kept for 30 days.
        """

    @abstractmethod
    async def find_tasks(
        self, *, markers: Mapping[str, TaskPush] | None = None, remote_ids: Sequence[str] = (), since: datetime
    ) -> Sequence[RemoteTask]:
        """Return the tasks that have one of the markers or ids, up to 200 of both together. Include deleted ones.

        ``markers`` has the push of each marker, which Touchline has tried since ``since``. If the CRM has no field for
        the marker, search by owner, person and creation time, and compare the marker in the details. An owner or a
        person that is None may be any: search without it.

        Salesforce: SOQL (queryAll, for deleted tasks) by the external id, or by CreatedDate and OwnerId, because a
        Description cannot be filtered. HubSpot: POST tasks/batch/read with idProperty. Pipedrive: GET
        /api/v2/activities?ids=…, or by owner_id and updated_since.
        """

    @abstractmethod
    async def find_people(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemotePerson]:
        """Return all records that have one of the ids or addresses, up to 200 of both together, duplicates included.

        Include deleted records (of the ids only) with ``merged_into``, and converted leads with ``converted_to``.
        Addresses are compared without case.

        Salesforce: SOQL on Lead and Contact. HubSpot: POST contacts/batch/read, also by email. Pipedrive: GET
        /api/v2/persons?ids=… and /api/v2/persons/search?fields=email&exact_match=true, one request an address.
        """

    @abstractmethod
    async def create_people(self, people: Sequence[NewPerson]) -> Sequence[WriteResult]:
        """Create up to 200 people, and return a result for each. Keys are the markers.

        Salesforce: Lead, by sObject Collections. HubSpot: contacts/batch/upsert by email. Pipedrive: POST
        /api/v2/persons, one request a record.
        """

    @abstractmethod
    async def find_users(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemoteUser]:
        """Return the users that have one of the ids or addresses, up to 200 of both together.

        Salesforce: SOQL on User. HubSpot: GET /crm/v3/owners. Pipedrive: GET /v1/users.
        """

    @abstractmethod
    async def related_records(self, person_ids: Sequence[str]) -> Mapping[str, Sequence[RelatedRecord]]:
        """Return the opportunities and the account of each contact, by the contact's id. Leads have none.

        Salesforce: SOQL on OpportunityContactRole and Contact.AccountId. HubSpot: associations/batch/read. Pipedrive:
        GET /api/v2/deals?person_id=…
        """

    @abstractmethod
    async def person_sources(self, kind: SourceKind, search: str) -> Sequence[PersonSource]:
        """Return up to 200 sources of people whose name contains ``search``. There are none for QUERY.

        Salesforce: SOQL on Report, and on ListView of Lead and Contact. HubSpot: POST /crm/v3/lists/search. Pipedrive:
        GET /v1/filters?type=people.
        """

    @abstractmethod
    async def people_of(self, source: PersonSource, cursor: str | None) -> PersonPage:
        """Return people of a source, page by page.

        Salesforce: Reports API (detail rows), List View Results, or SOQL. HubSpot: list memberships. Pipedrive: GET
        /api/v2/persons?filter_id=…
        """

    @abstractmethod
    async def set_opt_outs(self, opt_outs: Sequence[OptOut]) -> Sequence[WriteResult]:
        """Write whether up to 200 people want no emails. Keys are the remote ids.

        Salesforce: HasOptedOutOfEmail of Lead and Contact. HubSpot: the subscription preferences API. Pipedrive:
        marketing_status.
        """

    @abstractmethod
    async def changed_opt_outs(self, since: datetime | None, cursor: str | None) -> OptOutPage:
        """Return the opt-out of all people whose record was changed since ``since``, as ``changed_tasks`` does.

        Include converted leads. If ``since`` is None, return all people who have opted out: the first round.

        Salesforce: SOQL on Lead and Contact, ``WHERE SystemModstamp >= :since ORDER BY SystemModstamp, Id``, with
        Email, HasOptedOutOfEmail and ConvertedContactId; at first ``WHERE HasOptedOutOfEmail = true``. HubSpot: POST
        contacts/search by lastmodifieddate, with hs_email_optout. Pipedrive: GET /api/v2/persons?updated_since=….
        """

    @abstractmethod
    async def log_activities(self, activities: Sequence[ActivityPush]) -> Sequence[WriteResult]:
        """Log up to 200 activities, and return a result for each. Keys are the markers.

        As in ``push_tasks``, an activity whose marker the CRM has already gets DUPLICATE_VALUE, if
        ``marker_is_unique``, and changes nothing.

        Salesforce: completed Tasks by sObject Collections, or EmailMessage. HubSpot: batch create of emails and calls.
        Pipedrive: POST /api/v2/activities with done.
        """

    @abstractmethod
    async def find_activities(self, markers: Mapping[str, ActivityPush], since: datetime) -> Mapping[str, str]:
        """Return the remote id of each activity that the CRM has, by its marker, as ``find_tasks`` does."""

    @abstractmethod
    def record_url(self, remote_id: str) -> str:
        """Return the URL at which users open a record."""


class Crm(ABC):
    """A kind of CRM, such as Salesforce. ``touchline_register_crms`` registers it."""

    key: ClassVar[str]
    """Its name, unique among all installed CRMs."""
    labels: ClassVar[Mapping[str, str]]
    """The name that users read, by language code; "en" is required."""
    ways: ClassVar[Sequence[ConnectWay]]
    """The ways to connect, the recommended one first."""
    doubt_seconds: ClassVar[int] = 660
    """How long a write can still be carried out after its connection broke, in seconds.

    Salesforce ends a transaction after 10 minutes. A record that may have been written is looked for after this time,
    unless markers are unique.
    """
    deletions_days: ClassVar[int] = 15
    """How many days back ``deleted_tasks`` can look."""

    @abstractmethod
    def open(self, access: CrmAccess, host: CrmHost) -> AbstractAsyncContextManager[CrmSession]:
        """Open a session. Raises CrmError on entry, or from the first method, if the CRM does not accept the access.

        If a token expires during the session, the session gets another one and repeats the request. Never log secrets
        or put them into an error.
        """

    def consent_url(self, access: CrmAccess, consent: Consent) -> str:
        """Return the URL of the page at which a user approves the access. Only for ways with ``asks_consent``."""
        raise NotImplementedError(f"{self.key} has no way that asks for consent")

    async def redeem_consent(self, access: CrmAccess, consent: Consent, code: str) -> Mapping[str, str]:
        """Exchange the code of a consent for tokens, and return them as secrets. Raises CrmError."""
        raise NotImplementedError(f"{self.key} has no way that asks for consent")

    async def revoke(self, access: CrmAccess) -> None:
        """Revoke the tokens in the CRM, if it can. Touchline deletes them afterwards in any case. Raises CrmError."""
