"""Log emails, replies and calls in the CRM: each once, up to 200 a request.

The row of an activity is marked as tried, and committed, before the request. If the answer is lost, the CRM is searched
for the marker once it cannot save the record any more (``Crm.doubt_seconds``), and the record is written only if it is
not found. If the marker is unique, the search is immediate: the CRM refuses a second record (DUPLICATE_VALUE), and the
next attempt searches again. The marker is unique on tasks only, so an activity that can be an email object waits.

An email object gets its custom fields by a second write, because they belong to the task that the CRM creates for it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from api.codes.crm.person_records import CrmPersonCode
from api.crm_task_states import CrmChangeKind
from api.models import CrmUser
from api.services.crm.activities.doubts import Doubts
from api.services.crm.activities.items import Item, PushCounts
from api.services.crm.activities.logged import read_logged
from api.services.crm.activities.pushes import activity_push, custom_fields, is_email_object, is_logged, related_record
from api.services.crm.failures.recording import record_failures
from api.services.crm.failures.retrying import failure_of, in_groups, is_failed_write, waits_for_record
from api.services.crm.organization import CrmOrg
from api.services.crm.people.changed_records import follow_records
from api.services.crm.people.linking import Linked, link_people
from api.store.crm import activities as store
from api.store.crm import changes as stored_changes
from api.store.crm.changes import Change, Failure
from api.store.crm.tasks_of_calls import remote_calls
from api.store.engine.transactions import transaction
from plugins.crms.access import CrmCapabilities
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.contract import CrmSession
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import ActivityField, ActivityPush, PersonKind

ABOUT_THE_PERSON = frozenset(
    {CrmCode.ENTITY_IS_DELETED, CrmCode.INVALID_CROSS_REFERENCE_KEY, CrmCode.CANNOT_UPDATE_CONVERTED_LEAD}
)
"""Codes of a write whose lead or contact was converted, merged or deleted."""
IN_CRM = frozenset({CrmCode.DUPLICATE_VALUE})
"""The code of a write whose marker the CRM has already. The next attempt looks for the record."""
NOT_CREATED = {
    CrmPersonCode.CRM_PERSON_NOT_CREATED.value: CrmCode.OTHER,
    CrmPersonCode.CRM_PERSON_NOT_CREATED_YET.value: CrmCode.FAILED_WRITE,
}
WAIT_FOR_TASK = timedelta(minutes=1)
"""How long a call waits until its task is in the CRM."""


class ActivityPusher:
    """Logs changed activities of a workspace in one session of the CRM. ``capabilities`` are those of the session."""

    def __init__(self, org: CrmOrg, session: CrmSession, capabilities: CrmCapabilities) -> None:
        self._org = org
        self._session = session
        self._capabilities = capabilities
        self._doubts = Doubts(org, session, capabilities)
        self.counts = PushCounts()

    async def push(self, changes: Sequence[Change], now: datetime) -> None:
        """Log up to 200 changed emails, replies and calls. ``now`` is real time (UTC). Raises CrmError.

        A raised error concerns the whole connection: the changes wait, and do not count as failed.
        """
        items = await self._readable(changes)
        linked = await link_people(self._org, self._session, {item.logged.person_id for item in items})
        ready = [item for item in items if item.logged.person_id in linked.rows]
        await self._leave_out([item for item in items if item not in ready], linked, now)
        ready = await self._without_waiting(ready, now)
        pushes = await self._pushes(ready, linked)
        known = await self._doubts.found(ready, pushes, now)
        await self._write(ready, pushes, known, now)

    async def _readable(self, changes: Sequence[Change]) -> list[Item]:
        """Return the activities to log, and mark all other changes as done."""
        ids = [change.object_id for change in changes]
        found = await read_logged(self._org.workspace_id, ids) if self._may_log() else {}
        rows = await store.activities_of(self._org.key, ids)
        calls = await remote_calls(self._org.key, ids)
        items = [
            Item(change, found[change.object_id], rows.get(change.object_id), calls.get(change.object_id))
            for change in changes
            if change.object_id in found and is_logged(self._org.settings, found[change.object_id].kind)
        ]
        kept = {item.change.id for item in items}
        await stored_changes.done([change for change in changes if change.id not in kept])
        return items

    def _may_log(self) -> bool:
        """Whether the workspace may log in this CRM: a sandbox workspace only in a sandbox of the CRM."""
        return not self._org.context.workspace.sandbox or self._org.connection.is_sandbox

    async def _leave_out(self, items: Sequence[Item], linked: Linked, now: datetime) -> None:
        """Skip activities of people without a record. The person's row has the reason.

        Only a lead that was not created counts as a failure.
        """
        skipped: list[Change] = []
        failed: list[tuple[Item, CrmError]] = []
        for item in items:
            problem = linked.problems.get(item.logged.person_id)
            if problem is not None and problem.code in NOT_CREATED:
                failed.append((item, CrmError(NOT_CREATED[problem.code], problem.sentence, name=problem.code)))
            else:
                skipped.append(item.change)
        self.counts.skipped += len(skipped)
        await stored_changes.done(skipped)
        await self._fail(failed, now)

    async def _without_waiting(self, items: Sequence[Item], now: datetime) -> list[Item]:
        """Return the activities that can be written now. The others are tried again later."""
        later: list[Failure] = []
        ready: list[Item] = []
        for item in items:
            tried = None if item.row is None or item.row.remote_id is not None else item.row.tried_at
            if item.call is not None and item.call.is_pending:
                later.append(Failure(item.change, now + WAIT_FOR_TASK, "", "", "", counts=False))
            elif tried is not None and not self._doubts.is_unique(item) and now < tried + self._org.doubt:
                later.append(waits_for_record(item.change, tried + self._org.doubt))
            else:
                ready.append(item)
        await record_failures(self._org.context, later, now)
        return ready

    async def _pushes(self, items: Sequence[Item], linked: Linked) -> dict[str, ActivityPush]:
        """Return the record of each activity, by the id of its email, reply or task."""
        org = self._org
        people = {item.logged.person_id: linked.rows[item.logged.person_id] for item in items}
        contacts = sorted(
            {str(row.remote_id) for row in people.values() if row.kind is PersonKind.CONTACT}
            if org.settings.log_related and any(item.is_new for item in items)
            else ()
        )
        related = await self._session.related_records(contacts) if contacts else {}
        senders = {item.logged.sender_id for item in items}
        users = CrmUser.filter(workspace_id=org.workspace_id, crm=org.connection.crm, org_id=org.connection.org_id)
        owners = {user.sender_id: user.user_id for user in await users.filter(sender_id__in=sorted(senders))}
        pushes: dict[str, ActivityPush] = {}
        for item in items:
            person = people[item.logged.person_id]
            is_email = is_email_object(item.logged, org.settings, self._capabilities)
            fields = {} if item.is_new and is_email else self._fields(item)
            before = item.written
            pushes[item.logged.subject_id] = activity_push(
                item.logged,
                org.settings,
                self._capabilities,
                person=person,
                owner_id=owners.get(item.logged.sender_id) or None,
                related_id=related_record(related.get(str(person.remote_id), ())),
                marker=item.marker,
                remote_id=item.remote_id,
                fields={name: value for name, value in fields.items() if before.get(name) != value},
            )
        return pushes

    def _fields(self, item: Item) -> dict[ActivityField, str | bool]:
        return custom_fields(item.logged, self._capabilities)

    async def _write(
        self,
        items: Sequence[Item],
        pushes: Mapping[str, ActivityPush],
        known: Mapping[str, str],
        now: datetime,
    ) -> None:
        by_marker = {item.marker: item for item in items}
        logged: dict[str, str] = {by_marker[marker].logged.subject_id: known[marker] for marker in known}
        unchanged = {
            key: str(push.remote_id) for key, push in pushes.items() if push.remote_id is not None and not push.fields
        }
        outgoing = [push for key, push in pushes.items() if key not in logged and key not in unchanged]
        await self._store(items, {**logged, **unchanged}, now, without_fields=logged)
        self.counts.logged += len(logged)
        writes = {push.marker: (by_marker[push.marker], push) for push in outgoing}
        for group in in_groups(writes, lambda _, write: write[0].change):
            ours = await self._mark_tried([item for item, push in group.values() if push.remote_id is None], now)
            known_or_ours = {key: each for key, each in group.items() if each[1].remote_id is not None or key in ours}
            await self._send(known_or_ours, now)

    async def _send(self, pushes: Mapping[str, tuple[Item, ActivityPush]], now: datetime) -> None:
        """Write records, and store their results. A request that the CRM rejects as a whole is sent again in halves."""
        if not pushes:
            return
        try:
            results = await self._session.log_activities([push for _, push in pushes.values()])
        except CrmError as error:
            if is_failed_write(error):
                await self._fail([(item, error) for item, _ in pushes.values()], now)
                return
            if error.in_doubt or error.category not in {CrmCategory.VALIDATION, CrmCategory.OTHER}:
                if not error.in_doubt:
                    ids = [item.logged.subject_id for item, _ in pushes.values()]
                    await store.mark_untried(self._org.key, ids)
                raise
            keys = list(pushes)
            if len(keys) == 1:
                await self._settle_errors([(pushes[keys[0]][0], error)], now)
                return
            for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
                await self._send({key: pushes[key] for key in half}, now)
            return
        by_marker = {result.key: result for result in results}
        done: dict[str, str] = {}
        errors: list[tuple[Item, CrmError]] = []
        for marker, (item, push) in pushes.items():
            result = by_marker.get(marker)
            if result is not None and result.remote_id is not None:
                done[item.logged.subject_id] = result.remote_id
                self.counts.logged += push.remote_id is None
                self.counts.changed += push.remote_id is not None
            else:
                lost = CrmError(CrmCode.ANSWER_LOST, in_doubt=True)
                errors.append((item, lost if result is None or result.error is None else result.error))
        emails = {
            item.logged.subject_id
            for item, push in pushes.values()
            if push.remote_id is None and push.email is not None
        }
        await self._store([item for item, _ in pushes.values()], done, now, without_fields=emails)
        await self._settle_errors(errors, now)

    async def _mark_tried(self, items: Sequence[Item], now: datetime) -> set[str]:
        """Store that these may be in the CRM from now on.

        Returns the markers of those that no other process is writing.
        """
        attempts = [
            store.Attempt(
                item.logged.subject_id,
                item.logged.kind,
                item.marker,
                None if item.row is None else item.row.tried_at,
            )
            for item in items
        ]
        if not attempts:
            return set()
        async with transaction():
            ours = await store.mark_tried(self._org.workspace_id, self._org.key, attempts, now)
        return {item.marker for item in items if item.logged.subject_id in ours}

    async def _store(
        self, items: Sequence[Item], remote_ids: Mapping[str, str], now: datetime, *, without_fields: Collection[str]
    ) -> None:
        """Store the records of the CRM, and mark these changes as done, in one transaction.

        ``without_fields`` are records whose custom fields are outdated. The next push writes them.
        """
        chosen = [item for item in items if item.logged.subject_id in remote_ids]
        if not chosen:
            return
        written = [
            store.Written(
                key,
                item.logged.kind,
                item.marker,
                remote_ids[key],
                {} if key in without_fields else self._fields(item),
            )
            for item in chosen
            for key in (item.logged.subject_id,)
        ]
        again = [
            item.logged.subject_id for item in chosen if item.logged.subject_id in without_fields and self._fields(item)
        ]
        async with transaction():
            await store.mark_logged(self._org.workspace_id, self._org.key, written, now)
            await stored_changes.done([item.change for item in chosen])
            await stored_changes.add(self._org.workspace_id, CrmChangeKind.ACTIVITY, again, now)

    async def _settle_errors(self, errors: Sequence[tuple[Item, CrmError]], now: datetime) -> None:
        """Store why writes have failed. A write about a record that has moved is tried again at once."""
        certain = [item.logged.subject_id for item, error in errors if not error.in_doubt and error.code not in IN_CRM]
        if certain:
            await store.mark_untried(self._org.key, certain)
        about = {item.logged.person_id for item, error in errors if error.code in ABOUT_THE_PERSON}
        moved = await follow_records(self._org, self._session, about, now) if about else set[str]()
        again = [each for each in errors if each[1].code in ABOUT_THE_PERSON and each[0].logged.person_id in moved]
        retried = [Failure(item.change, now, error.category, error.name, error.detail) for item, error in again]
        await record_failures(self._org.context, retried, now)
        await self._fail([each for each in errors if each not in again], now)
        for _, error in errors:
            if error.stops_all:
                raise error

    async def _fail(self, errors: Sequence[tuple[Item, CrmError]], now: datetime) -> None:
        for _, error in errors:
            self.counts.failed[error.category] = self.counts.failed.get(error.category, 0) + 1
        failures = [failure_of(item.change, error, now, looked_for=IN_CRM) for item, error in errors]
        await record_failures(self._org.context, failures, now)
