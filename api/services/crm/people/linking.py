"""Find the record of each person in the CRM, and store the link.

A person who has a record keeps it, even if their address changes. For the others, the CRM is searched by address. If no
record is chosen, the reason is stored with the person, and the CRM is searched again after ``ASK_AGAIN_AFTER``, or
after the CRM's ``doubt_seconds`` if they are longer.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.codes.crm.person_records import CrmPersonCode
from api.crm_records import CrmMatchedBy
from api.crm_states import CrmNoMatch
from api.models import CrmPerson, Person
from api.services.crm.failures.retrying import is_failed_write
from api.services.crm.organization import CrmOrg
from api.services.crm.people.matching import MatchRules, choose
from api.services.crm.people.records import normal_address, record_row, suppress_opted_out
from api.store.crm import person_records as store
from api.store.crm.person_records import RecordRow
from api.store.engine.rows import by_ids
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.people.people import lock_present
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.contract import CrmSession
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import NewPerson, PersonKind, RemotePerson
from plugins.crms.tasks import MAX_BATCH, WriteResult
from strategies.codes import Message

ASK_AGAIN_AFTER = timedelta(hours=1)
"""How long the CRM is not searched again for a person without a chosen record."""


@dataclass(slots=True)
class Linked:
    """The rows of people who have a record, by person, and why others have none."""

    rows: dict[str, CrmPerson] = field(default_factory=dict)
    problems: dict[str, Message] = field(default_factory=dict)


async def link_people(org: CrmOrg, session: CrmSession, person_ids: Collection[str]) -> Linked:
    """Return the records of people, after asking the CRM about those who have none. Raises CrmError.

    People who were erased are left out.
    """
    now = org.context.clock()
    found = Linked()
    known = await store.links_of(org.workspace_id, org.key, person_ids)
    people = await by_ids(Person, org.workspace_id, sorted(person_ids))
    unknown: list[Person] = []
    for person_id, person in people.items():
        row = known.get(person_id)
        if person.erased_at is not None:
            continue
        if row is not None and row.remote_id is not None:
            found.rows[person_id] = row
        elif row is not None and row.problem and (_is_final(row) or _is_recent(org, row, now)):
            found.problems[person_id] = Message(row.problem, row.detail)
        else:
            unknown.append(person)
    tried = {person_id for person_id, row in known.items() if row.problem == CrmPersonCode.CRM_PERSON_NOT_CREATED_YET}
    for start in range(0, len(unknown), MAX_BATCH):
        await _link(org, session, unknown[start : start + MAX_BATCH], tried, found, now)
    return found


def _is_final(row: CrmPerson) -> bool:
    """Whether a user has unlinked the person, so that only a user links them again."""
    return bool(row.problem == CrmPersonCode.CRM_PERSON_UNLINKED)


def _is_recent(org: CrmOrg, row: CrmPerson, now: datetime) -> bool:
    """Say whether the CRM was searched lately. A lead that it may still create is not created a second time."""
    return now - max(ASK_AGAIN_AFTER, org.doubt) < row.matched_at <= now


async def _link(
    org: CrmOrg, session: CrmSession, people: Sequence[Person], tried: Collection[str], found: Linked, now: datetime
) -> None:
    """Search the CRM for people, and store the record that is chosen for each of them.

    Leads of people in ``tried`` are created one by one. So one that makes the package fail does not stop the others.
    """
    rules = MatchRules(org.settings.first_kind, org.settings.on_duplicates, org.settings.on_no_match)
    records = await session.find_people(addresses=[person.email for person in people])
    by_address = _by_address(records)
    chosen: dict[str, RemotePerson] = {}
    problems: dict[str, Message] = {}
    missing: list[Person] = []
    for person in people:
        record = choose(by_address.get(person.email_key, {}).values(), rules)
        if isinstance(record, Message):
            problems[person.id] = record
        elif record is not None:
            chosen[person.id] = record
        elif rules.on_no_match is CrmNoMatch.CREATE_LEAD:
            missing.append(person)
        else:
            problems[person.id] = CrmPersonCode.CRM_PERSON_UNKNOWN.message()
    created, stops = dict[str, RemotePerson](), None
    groups = [[each for each in missing if each.id not in tried], *([each] for each in missing if each.id in tried)]
    for group in groups:
        if group and stops is None:
            stops = await _create(session, group, created, problems, now)
    rows = [record_row(session, record, person_id, CrmMatchedBy.ADDRESS) for person_id, record in chosen.items()]
    rows += [record_row(session, record, person_id, CrmMatchedBy.CREATED) for person_id, record in created.items()]
    await store_links(org, rows, problems, now)
    if stops is not None:
        raise stops
    stored = await store.links_of(org.workspace_id, org.key, [person.id for person in people])
    for person_id, row in stored.items():
        if row.remote_id is not None:
            found.rows[person_id] = row
        elif row.problem:
            found.problems[person_id] = Message(row.problem, row.detail)
    await suppress_opted_out(org, records)


def _by_address(records: Iterable[RemotePerson]) -> Mapping[str, dict[str, RemotePerson]]:
    """Return records by the normal form of each of their addresses."""
    found: dict[str, dict[str, RemotePerson]] = {}
    for record in records:
        for address in (record.address, *record.other_addresses):
            if (key := normal_address(address)) is not None:
                found.setdefault(key, {})[record.remote_id] = record
    return found


async def _create(
    session: CrmSession,
    people: Sequence[Person],
    created: dict[str, RemotePerson],
    problems: dict[str, Message],
    now: datetime,
) -> CrmError | None:
    """Create leads for people. Adds the leads to ``created``, and the reasons of missing ones to ``problems``.

    Returns an error that concerns every request. A lead that may have been created gets a reason as well, so that no
    other lead is created before the CRM has it.
    """
    from_id = {f"lead-{person.id}": person for person in people}
    new = [
        NewPerson(marker, person.email, person.first_name, person.last_name, person.company, person.title)
        for marker, person in from_id.items()
    ]
    stops: CrmError | None = None
    results: dict[str, WriteResult] = {}
    lost = CrmError(CrmCode.ANSWER_LOST, in_doubt=True)
    try:
        results = {result.key: result for result in await session.create_people(new)}
    except CrmError as error:
        if not error.in_doubt:
            return error
        lost, stops = error, None if is_failed_write(error) else error
    for marker, person in from_id.items():
        result = results.get(marker) or WriteResult(marker, error=lost)
        if result.remote_id is not None:
            created[person.id] = _as_created(person, result.remote_id, now)
        elif result.error is not None and result.error.stops_all and not result.error.in_doubt:
            stops = result.error
        elif result.error is not None:
            problems[person.id] = _not_created(result.error)
    return stops


def _not_created(error: CrmError) -> Message:
    reason = error.detail or error.code.sentence
    if error.in_doubt or error.category is CrmCategory.INTERMITTENT:
        return CrmPersonCode.CRM_PERSON_NOT_CREATED_YET.message(reason=reason)
    return CrmPersonCode.CRM_PERSON_NOT_CREATED.message(reason=reason)


def _as_created(person: Person, remote_id: str, now: datetime) -> RemotePerson:
    return RemotePerson(remote_id, PersonKind.LEAD, person.email, now, now, opted_out=False)


@retry_on_deadlock
async def store_links(org: CrmOrg, rows: Sequence[RecordRow], problems: Mapping[str, Message], now: datetime) -> None:
    """Store records and reasons, except for people who were merged or erased meanwhile.

    A record that is linked to another person stays with that person. If ``rows`` has a record twice, the first row
    counts.
    """
    async with transaction():
        asked = [*(row.person_id for row in rows if row.person_id is not None), *problems]
        present = await lock_present(asked)
        taken = await store.records_of(org.workspace_id, org.key, [row.remote_id for row in rows])
        owners = {key: row.person_id for key, row in taken.items() if row.person_id is not None}
        free, reasons = list[RecordRow](), dict(problems)
        for row in rows:
            if row.person_id not in present:
                continue
            owner = owners.setdefault(row.remote_id, row.person_id)
            if owner == row.person_id:
                free.append(row)
            else:
                other = await Person.get_or_none(id=owner).only("email")
                shown = other.email if other is not None else ""
                reasons[row.person_id] = CrmPersonCode.CRM_PERSON_LINKED.message(id=row.remote_id, email=shown)
        await store.store_records(org.workspace_id, org.key, free, now)
        lines = [(person_id, *reason) for person_id, reason in reasons.items() if person_id in present]
        await store.store_problems(org.workspace_id, org.key, lines, now)
