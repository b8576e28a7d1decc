"""Add and change people."""

import re
from collections.abc import Mapping
from typing import Any

from tortoise.exceptions import IntegrityError

from api.codes.refusals.people import PersonCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.mail.address import address_key
from api.mail.unsubscribing.own_links import UNSUBSCRIBE_FIELD
from api.models import Person
from api.services.common.emails.claim_release import release_claimed
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.fact_changes import FactFollower
from api.services.people.suppressions import end_campaigns
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.people.former_addresses import add_former_address
from api.store.people.people import lock_present
from api.store.people.suppressions import fill_in_recipients, prevent_suppressions, suppressed_people
from strategies import Refusal
from strategies.errors import RefusalCollector

FIELD_NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,49}")
BUILT_IN_FIELDS = {"first_name", "last_name", "title", "company", "email", "sender_name", "sender_email",
                   UNSUBSCRIBE_FIELD}  # fmt: skip
MAX_FIELDS = 100
"""Most dynamic fields of one person."""
MAX_FIELD_CHARACTERS = 1_000
"""Most characters of a dynamic field's value."""
ARGUMENT_NAMES = {"first_name": "firstName", "last_name": "lastName", "title": "title", "company": "company"}
"""The name of the GraphQL argument for each column."""


def checked_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Check a person's values, and return them as columns. Raises Refusal."""
    refusals = RefusalCollector()
    columns: dict[str, Any] = {}
    for name, value in values.items():
        with refusals:
            if name == "email":
                if value is None:
                    raise Refusal.of(InputCode.REQUIRED, ("email",), case="null", argument="email")
                columns["email"] = inputs.address(value, ("email",))
                columns["email_key"] = address_key(columns["email"])
            elif name == "zone":
                columns["zone"] = inputs.zone(value, ("zone",)) if value else None
            elif name == "fields":
                columns["own_fields"] = checked_fields(value if value is not None else {})
            else:
                columns[name] = inputs.line(value or "", (ARGUMENT_NAMES[name],), required=False)
    refusals.raise_any()
    return columns


def checked_fields(values: Any) -> dict[str, str]:
    """Check a person's dynamic fields. Raises Refusal INVALID_FIELDS."""
    if not isinstance(values, dict) or len(values) > MAX_FIELDS:
        raise Refusal.of(PersonCode.INVALID_FIELDS, ("fields",), limit=MAX_FIELDS)
    refusals = RefusalCollector()
    for name, value in values.items():
        with refusals:
            if not isinstance(name, str) or not FIELD_NAME_PATTERN.fullmatch(name) or name in BUILT_IN_FIELDS:
                shown = repr(name)[:60]
                raise Refusal.of(PersonCode.INVALID_FIELDS, ("fields",), case="name", name=shown)
            if not isinstance(value, str):
                raise Refusal.of(PersonCode.INVALID_FIELDS, ("fields", name), case="text", name=name)
            inputs.text(value, ("fields", name), limit=MAX_FIELD_CHARACTERS)
    refusals.raise_any()
    return dict(values)


async def create_person(context: WorkspaceContext, email: str, **values: Any) -> Person:
    """Add a person. Takes first_name, last_name, title, company, zone and fields. Raises Refusal."""
    columns = checked_columns({"email": email, **{name: value for name, value in values.items() if value is not None}})
    row = Person(id=new_id("per"), workspace_id=context.workspace_id, created_at=context.now, **columns)
    async with transaction():
        await prevent_suppressions(context.workspace_id)
        await _save(row)
    return row


async def lock_person(context: WorkspaceContext, person_id: str, path: inputs.Path) -> Person:
    """Return a person, locked against merges and erasure until the transaction ends. Raises Refusal NOT_FOUND."""
    await lock_present([person_id])
    return await get_or_refuse(Person, context.workspace_id, person_id, path)


async def update_person(context: WorkspaceContext, person_id: str, **values: Any) -> Person:
    """Change the given values. A new address clears an earlier bounce. Raises Refusal.

    If the new address is suppressed, all campaigns end for this person.
    """
    row = await _update(context, person_id, values)
    await release_claimed(context, "person_id", row.id)
    context.wake()
    return row


@retry_on_deadlock
async def _update(context: WorkspaceContext, person_id: str, values: Mapping[str, Any]) -> Person:
    row = await get_or_refuse(Person, context.workspace_id, person_id, ("id",))
    columns = checked_columns(values)
    address_changes, before, key_before = "email_key" in columns, row.email, row.email_key
    if address_changes and columns["email_key"] != row.email_key:
        columns["bounced_at"] = None
    row.update_from_dict(columns)
    follower = FactFollower(context.installed.send_options)
    if not address_changes and not follower.reads:
        await _save(row, [*columns])  # one call, so that there is one round trip to the database
        return row
    async with transaction():
        if not address_changes:
            await _save(row, [*columns])
            await follower.changed_columns(context.workspace_id, row.id, columns, context.clock)
            return row
        await prevent_suppressions(context.workspace_id)
        await lock_person(context, row.id, ("id",))
        await fill_in_recipients(row.id, before)
        if row.email_key != key_before:
            await add_former_address(context.workspace_id, row.id, key_before)
        await _save(row, [*columns])
        await follower.changed_columns(context.workspace_id, row.id, columns, context.clock)
        if await suppressed_people([row.id]):
            await end_campaigns(context, [row.id])
    return row


async def _save(row: Person, columns: list[str] | None = None) -> None:
    """Create a person, or update only these columns, so that concurrent changes of other columns are kept."""
    try:
        if columns is None:
            await row.save(force_create=True)
        elif columns:
            values = {name: getattr(row, name) for name in columns}
            # Another request may have merged or erased the person.
            if not await Person.filter(id=row.id, erased_at=None).update(**values):
                raise Refusal.of(InputCode.NOT_FOUND, ("id",), kind="person", id=row.id)
    except IntegrityError:
        raise Refusal.of(PersonCode.PERSON_EXISTS, ("email",), email=row.email) from None
