"""Add people to a campaign by the ids of their records in the CRM: match or create them, and launch the campaign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from api.codes.crm.person_records import CrmPersonCode
from api.codes.refusals.people import PersonCode
from api.codes.request_errors.inputs import InputCode
from api.crm_records import CrmMatchedBy
from api.mail.address import address_key
from api.models import Enrollment, Person
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.crm_errors import refusal_of
from api.services.crm.connections.opening import open_connection
from api.services.crm.connections.usable import usable_connection
from api.services.crm.organization import CrmOrg, org_of
from api.services.crm.people.changed_records import read_final
from api.services.crm.people.linking import store_links
from api.services.crm.people.manual_links import MAX_REMOTE_ID_CHARACTERS
from api.services.crm.people.records import record_row, storable_address, suppress_opted_out
from api.services.enrollments.campaign_checks import refuse_paused_or_ending
from api.services.launches.launch import Choice, launch
from api.services.launches.launch_plan import plan_example
from api.services.launches.ready_campaign import CAMPAIGN, ready
from api.services.people.people import create_person
from api.store.crm import person_records as store
from api.store.engine.rows import by_address_keys, by_ids
from plugins.crms.contract import CrmSession
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import RemotePerson
from strategies import Refusal
from strategies.errors import RefusalCollector

MAX_NAME_CHARACTERS = 200
MAX_IDS = 200
"""Records of one request, as in a list view of Salesforce."""
LAUNCHED_PATH = "personIds"
IDS = "remoteIds"


@dataclass(slots=True)
class AddedPeople:
    """The people who were launched, and why the others were not, by the id that was given."""

    enrollments: list[Enrollment] = field(default_factory=list)
    refused: list[tuple[str, Refusal]] = field(default_factory=list)


async def add_people(
    context: WorkspaceContext, campaign_id: str, remote_ids: Sequence[str], choice: Choice, *, again: bool = False
) -> AddedPeople:
    """Launch a campaign for the people of up to 200 records. Each is launched or refused alone. Raises Refusal.

    Refusals about the campaign, the choice or the connection are raised before any person is created.
    """
    refusals, given = RefusalCollector(), dict[str, int]()
    with refusals:
        campaign, steps = await ready(context, campaign_id)
        await refuse_paused_or_ending(campaign.id, CAMPAIGN)
        await plan_example(context, campaign, steps, choice)
    with refusals:
        given = _checked_ids(remote_ids)
    refusals.raise_any()
    row = await usable_connection(context)
    org = await org_of(context, row)
    result = AddedPeople()
    try:
        async with open_connection(context, row, asked_by_user=True) as session:
            records = await read_final(session, list(given))
            people = await _people(org, session, given, records, result)
    except CrmError as error:
        raise refusal_of(error, (IDS,)) from None
    await suppress_opted_out(org, list(records.values()))
    await _launch(context, campaign_id, people, choice, result, given, again=again)
    return result


def _checked_ids(remote_ids: Sequence[str]) -> dict[str, int]:
    """Return the ids with their positions. An id that is given twice counts once. Raises Refusal."""
    if not remote_ids:
        raise Refusal.of(InputCode.REQUIRED, (IDS,), argument=IDS)
    if len(remote_ids) > MAX_IDS:
        raise Refusal.of(InputCode.TOO_LONG, (IDS,), case="elements", limit=MAX_IDS, length=len(remote_ids))
    given: dict[str, int] = {}
    for index, remote_id in enumerate(remote_ids):
        given.setdefault(inputs.line(remote_id, (IDS, str(index)), limit=MAX_REMOTE_ID_CHARACTERS), index)
    return given


async def _people(
    org: CrmOrg,
    session: CrmSession,
    given: Mapping[str, int],
    records: Mapping[str, RemotePerson],
    result: AddedPeople,
) -> dict[str, str]:
    """Return the person of each record, by the id that was given: linked, found by address, or created."""
    context = org.context
    linked = await store.records_of(org.workspace_id, org.key, [record.remote_id for record in records.values()])
    known: dict[str, Person] = await by_ids(
        Person, org.workspace_id, [row.person_id for row in linked.values() if row.person_id is not None]
    )
    people: dict[str, str] = {}
    new: dict[str, RemotePerson] = {}
    for remote_id, index in given.items():
        record = records.get(remote_id)
        row = None if record is None else linked.get(record.remote_id)
        if record is None:
            about = Refusal.of(CrmPersonCode.CRM_PERSON_UNKNOWN, (IDS, str(index)), case="id", id=remote_id)
            result.refused.append((remote_id, about))
        elif row is not None and row.person_id in known:
            people[remote_id] = str(row.person_id)
        else:
            new[remote_id] = record
    keys = {remote_id: storable_address(record.address) for remote_id, record in new.items()}
    from_address = await _by_address(org, [address for address in keys.values() if address is not None])
    rows = []
    for remote_id, record in new.items():
        address = keys[remote_id]
        if address is None:
            about = Refusal.of(CrmPersonCode.CRM_PERSON_NO_ADDRESS, (IDS, str(given[remote_id])), id=remote_id)
            result.refused.append((remote_id, about))
            continue
        person = from_address.get(address) or await _create(context, record, address)
        from_address[address] = person
        people[remote_id] = person.id
        rows.append(record_row(session, record, person.id, CrmMatchedBy.REMOTE_ID))
    owned = await store.links_of(org.workspace_id, org.key, list(people.values()))
    first = {
        row.person_id: row
        for row in reversed(rows)
        if row.person_id not in owned or owned[row.person_id].remote_id is None
    }
    await store_links(org, list(first.values()), {}, context.clock())
    return people


async def _by_address(org: CrmOrg, addresses: Sequence[str]) -> dict[str, Person]:
    keys = {address: address_key(address) for address in addresses}
    people: dict[str, Person] = await by_address_keys(Person, org.workspace_id, sorted(set(keys.values())))
    return {address: people[key] for address, key in keys.items() if key in people}


async def _create(context: WorkspaceContext, record: RemotePerson, address: str) -> Person:
    """Create a person as the CRM has them. Texts that cannot be used are cut or left out."""
    texts = {
        "first_name": record.first_name,
        "last_name": record.last_name,
        "title": record.title,
        "company": record.company,
    }
    values = {name: header_text(text)[:MAX_NAME_CHARACTERS] for name, text in texts.items()}
    try:
        return await create_person(context, address, **values)
    except Refusal as refusal:
        found: dict[str, Person] = await by_address_keys(Person, context.workspace_id, [address_key(address)])
        if refusal.code != PersonCode.PERSON_EXISTS or not found:
            raise
        return next(iter(found.values()))


def header_text(text: str) -> str:
    """Return a text of the CRM in one line, without characters that an email header cannot have."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


async def _launch(
    context: WorkspaceContext,
    campaign_id: str,
    people: Mapping[str, str],
    choice: Choice,
    result: AddedPeople,
    given: Mapping[str, int],
    *,
    again: bool,
) -> None:
    """Launch for everyone whom the launch accepts. A refusal about one person does not stop the others."""
    waiting = dict(people)
    twice = {person_id: remote_id for remote_id, person_id in reversed(waiting.items())}
    waiting = {remote_id: person_id for person_id, remote_id in twice.items()}
    while waiting:
        order = sorted(waiting, key=lambda each: given[each])
        try:
            result.enrollments += await launch(
                context, campaign_id, [waiting[each] for each in order], choice, {}, again=again
            )
            break
        except Refusal as refusal:
            found = {each.path: each for each in refusal.each}
            about = {path: each for path, each in found.items() if len(path) > 1 and path[0] == LAUNCHED_PATH}
            if len(about) < len(found):
                raise
            for path, each in about.items():
                remote_id = order[int(path[1])]
                moved = Refusal(each.code, each.message, (IDS, str(given[remote_id])))
                result.refused.append((remote_id, moved))
                waiting.pop(remote_id, None)
    result.refused.sort(key=lambda each: given[each[0]])
