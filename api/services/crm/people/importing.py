"""Import people from a report, a list view or a query of the CRM.

A job reads the source page by page, and stores it as the text of a CSV file. Then the CSV import processes it like any
file, and links each person with the record of their row.
"""

import csv
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

from api.codes.crm.person_records import CrmPersonCode
from api.codes.refusals.csv_files import CsvCode
from api.codes.refusals.people import PersonCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.models import CrmConnection, Job, PeopleImport, Person
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.crm_errors import refusal_of
from api.services.crm.connections.opening import open_connection
from api.services.crm.connections.usable import usable_connection
from api.services.crm.organization import CrmOrg, org_of
from api.services.crm.people.adding import header_text
from api.services.crm.people.records import record_row, suppress_opted_out
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.services.jobs.job_limits import refuse_further_import
from api.services.people import groups
from api.services.people.import_job import fail_import
from api.services.people.imports import IMPORT_JOB, MAX_ROWS
from api.states import ImportStatus, OnKnown
from api.store import jobs
from api.store.crm import person_records as stored_people
from api.store.crm.import_rows import store_rows
from api.store.engine.rows import by_ids
from api.store.engine.transactions import transaction
from api.store.people import groups as stored_groups
from api.store.people import imports as store
from plugins.crms.codes import CrmCategory
from plugins.crms.contract import CrmSession
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import PersonPage, PersonSource, RemotePerson, SourceKind
from strategies import Refusal

CRM_IMPORT_JOB = "crm_import"
HEADER = ("email", "first_name", "last_name", "title", "company", "phone")
MAX_REFERENCE_CHARACTERS = 20_000
REFERENCE = ("source", "reference")


async def start_import(
    context: WorkspaceContext,
    kind: SourceKind,
    reference: str,
    *,
    on_known: OnKnown = OnKnown.UPDATE,
    group_id: str | None = None,
) -> PeopleImport:
    """Read the first page of a source, and let a job import it. Raises Refusal, also if the CRM rejects the source."""
    reference = inputs.text(reference, REFERENCE, limit=MAX_REFERENCE_CHARACTERS).strip()
    if not reference:
        raise Refusal.of(InputCode.REQUIRED, REFERENCE, argument=REFERENCE[-1])
    if group_id is not None:
        group = await groups.refuse_unknown_group(context, group_id)
        if group.people >= stored_groups.MAX_PEOPLE:
            raise Refusal.of(PersonCode.GROUP_FULL, groups.GROUP, limit=stored_groups.MAX_PEOPLE)
    connection = await usable_connection(context)
    org = await org_of(context, connection)
    source = PersonSource(kind, reference)
    row = PeopleImport(
        id=new_id("imp"),
        workspace_id=context.workspace_id,
        created_at=context.now,
        on_known=on_known,
        total=0,
        people_group_id=group_id,
        crm_source={"kind": kind.value, "reference": reference, "org": org.key, "pages": 0, "cursor": None,
                    "rows": 0, "skipped": 0, "isCut": False},
    )  # fmt: skip
    try:
        async with open_connection(context, connection, asked_by_user=True) as session:
            page = await session.people_of(source, None)
            read = await _read_page(org, page)
    except CrmError as error:
        raise refusal_of(error, REFERENCE) from None
    if not read and page.cursor is None:
        raise Refusal.of(CrmPersonCode.CRM_SOURCE_EMPTY, REFERENCE)
    async with transaction():
        await refuse_further_import(PeopleImport.filter(status=ImportStatus.RUNNING), context.workspace_id)
        await row.save(force_create=True)
        await _store_page(context, row, session, page, read)
    return row


async def _read_page(org: CrmOrg, page: PersonPage) -> list[RemotePerson]:
    """Suppress opted-out people before anybody is imported. Records of known people get the address known here."""
    await suppress_opted_out(org, page.people)
    ids = [record.remote_id for record in page.people]
    known = await stored_people.records_of(org.workspace_id, org.key, ids)
    owners = {key: row.person_id for key, row in known.items() if row.person_id is not None}
    people: dict[str, Person] = await by_ids(Person, org.workspace_id, sorted(set(owners.values())))
    return [
        replace(record, address=people[owners[record.remote_id]].email)
        if owners.get(record.remote_id) in people
        else record
        for record in page.people
        if not record.is_deleted
    ]


async def _store_page(
    context: WorkspaceContext, row: PeopleImport, session: CrmSession, page: PersonPage, read: Sequence[RemotePerson]
) -> None:
    """Store the rows of a page, and start the job of the next page, or, after the last, the import.

    Call in a transaction.
    """
    before: dict[str, Any] = row.crm_source
    first = before["rows"] + 2  # the header is row 1
    about = {
        **before,
        "pages": before["pages"] + 1,
        "cursor": page.cursor,
        "rows": before["rows"] + len(read),
        "skipped": before["skipped"] + page.skipped,
        "isCut": before["isCut"] or page.is_cut,
    }
    same_page = PeopleImport.filter(id=row.id, status=ImportStatus.RUNNING, total=before["rows"])
    if not await same_page.update(crm_source=about, total=about["rows"]):
        return  # another process has read the page
    text = _csv(read, header=before["pages"] == 0)
    await store.append_source(row.id, about["pages"], text)
    await store_rows(row.id, {first + index: record_row(session, each, None, None) for index, each in enumerate(read)})
    row.crm_source, row.total = about, about["rows"]
    kind = IMPORT_JOB if page.cursor is None else CRM_IMPORT_JOB
    if kind == IMPORT_JOB or before["pages"] == 0:
        await jobs.start(kind, context.workspace_id, row.id, context.clock())


def _csv(records: Sequence[RemotePerson], *, header: bool) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    if header:
        writer.writerow(HEADER)
    for each in records:
        cells = (each.address, each.first_name, each.last_name, each.title, each.company, each.phone)
        # A row without any text would not count as a row.
        writer.writerow([header_text(cell) for cell in cells] if any(cells) else ["-", *[""] * (len(cells) - 1)])
    return text.getvalue()


async def _pages(row: PeopleImport, context: WorkspaceContext) -> AsyncIterator[int]:
    """Read and store the remaining pages of a source. Raises CrmError."""
    source = PersonSource(SourceKind(row.crm_source["kind"]), row.crm_source["reference"])
    connection: CrmConnection = await usable_connection(context)
    org = await org_of(context, connection)
    if org.key != row.crm_source["org"]:
        raise Refusal.of(CrmPersonCode.CRM_SOURCE_EMPTY, case="organization")
    async with open_connection(context, connection, asked_by_user=True) as session:
        while row.crm_source["cursor"] is not None:
            page = await session.people_of(source, row.crm_source["cursor"])
            read = await _read_page(org, page)
            if row.total + len(read) > MAX_ROWS:
                raise Refusal.of(CsvCode.CSV_TOO_LARGE, limit=MAX_ROWS)
            async with transaction():
                await _store_page(context, row, session, page, read)
            yield len(read)


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    row = await PeopleImport.get(id=job.subject_id)
    context = await runtime.context(job)
    if row.status is not ImportStatus.RUNNING or row.crm_source["cursor"] is None:
        return
    try:
        async for rows in _pages(row, context):
            yield rows
    except CrmError as error:
        if error.category is CrmCategory.INTERMITTENT:
            raise
        await fail_import(context, row.id, refusal_of(error).message)
    except Refusal as refusal:
        await fail_import(context, row.id, refusal.message)


async def _give_up(job: Job, reason: str, runtime: JobRuntime) -> None:
    await fail_import(await runtime.context(job), job.subject_id, reason)


CRM_IMPORT = JobKind(
    CRM_IMPORT_JOB, JobPriority.BULK, _work, _give_up, calls_others=True, problem_column=(PeopleImport, "problem")
)
