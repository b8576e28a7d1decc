"""Create and change templates."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from api.codes.refusals.campaigns import CampaignCode
from api.codes.refusals.templates import TemplateCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.models import Category, Template
from api.roles import Role
from api.services.common.emails.claim_release import release_claimed
from api.services.common.inputs import inputs
from api.services.common.inputs.versions import check_version
from api.services.common.request_context import WorkspaceContext
from api.services.templates import template_inputs
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import transaction
from api.store.templates import lock_template, running_step_without_subject, steps_with_content_of
from strategies import Refusal
from strategies.errors import RefusalCollector

CONTENT_COLUMNS = {"subject", "html", "text", "transactional"}


async def create_template(
    context: WorkspaceContext,
    *,
    name: str,
    subject: str = "",
    html: str,
    text: str | None = None,
    category_id: str | None = None,
    transactional: bool = False,
) -> Template:
    """Create a template. Raises Refusal."""
    row = Template(id=new_id("tpl"), workspace_id=context.workspace_id, created_at=context.now)
    values: dict[str, Any] = {"name": name, "subject": subject, "html": html, "text": text, "category_id": category_id}
    values["transactional"] = transactional
    if transactional:
        context.require_role(Role.ADMIN, ("transactional",))
    return await _save(row, await _check_values(context, values), create=True)


async def update_template(
    context: WorkspaceContext, template_id: str, *, if_version: int | None = None, **values: Any
) -> Template:
    """Change the given values. Unsent emails use the new content. Raises Refusal."""
    row = await get_or_refuse(Template, context.workspace_id, template_id, ("id",))
    check_version("template", row.version, if_version)
    _refuse_archived(row)
    _require_role(context, row, values)
    columns = await _check_values(context, values)
    async with transaction():
        await lock_template(template_id)
        row = await get_or_refuse(Template, context.workspace_id, template_id, ("id",))
        check_version("template", row.version, if_version)
        _refuse_archived(row)
        _require_role(context, row, values)
        row = await _save(row, columns | {"version": row.version + 1}, create=False)
        if "subject" in values and not row.subject:
            await _refuse_missing_subject(row)
    if CONTENT_COLUMNS & values.keys():
        await release_claimed(context, "step_id", *await steps_with_content_of(row.id))
    return row


def _refuse_archived(row: Template) -> None:
    if row.archived_at is not None:
        raise Refusal.of(TemplateCode.TEMPLATE_ARCHIVED, ("id",))


async def _refuse_missing_subject(row: Template) -> None:
    """Refuse a template without a subject if a running campaign needs it, as launching and editing do.

    Call it after the template is written. Launches that committed before are found here, and later launches read the
    new template.
    """
    if step := await running_step_without_subject(row.id):
        raise Refusal.of(
            CampaignCode.SUBJECT_REQUIRED,
            ("subject",),
            case="in_use",
            number=step.number,
            campaign=step.campaign.name,
        )


def _require_role(context: WorkspaceContext, row: Template, values: Mapping[str, Any]) -> None:
    """Let only ADMIN tokens set ``transactional``, and change the content of transactional templates.

    Raises Refusal.
    """
    if values.get("transactional", row.transactional) != row.transactional:
        context.require_role(Role.ADMIN, ("transactional",))
    if row.transactional and CONTENT_COLUMNS & values.keys():
        context.require_role(Role.ADMIN)


async def _check_values(context: WorkspaceContext, values: dict[str, Any]) -> dict[str, Any]:
    """Check the given values. Call it outside of transactions, because a worker process may need seconds."""
    workspace_id = context.workspace_id
    checks: dict[str, Callable[[Any], Awaitable[Any]]] = {
        "subject": lambda value: template_inputs.subject(workspace_id, value or "", ("subject",), required=False),
        "html": lambda value: template_inputs.html(workspace_id, value or "", ("html",)),
        "text": lambda value: template_inputs.text(workspace_id, value, ("text",)),
    }
    columns, refusals = dict(values), RefusalCollector()
    with refusals:
        if "transactional" in values and values["transactional"] is None:
            raise Refusal.of(InputCode.REQUIRED, ("transactional",), case="null", argument="transactional")
    with refusals:
        if "name" in values:
            columns["name"] = inputs.line(values["name"] or "", ("name",))
    with refusals:
        if values.get("category_id") is not None:
            await get_or_refuse(Category, workspace_id, values["category_id"], ("categoryId",))
    for key, value in values.items():
        with refusals:
            if key in checks:
                columns[key] = await checks[key](value)
    refusals.raise_any()
    return columns


async def _save(row: Template, values: dict[str, Any], *, create: bool) -> Template:
    for key, value in values.items():
        setattr(row, key, value)
    await row.save(force_create=create, update_fields=None if create else [*values])
    return row
