"""Create and change templates and categories."""

from collections.abc import Awaitable, Callable
from typing import Any

from tortoise.exceptions import IntegrityError

from api.codes.campaigns import CampaignCode
from api.codes.templates import TemplateCode
from api.ids import new_id
from api.models import Category, Enrollment, Launch, Step, Template
from api.services.common import inputs
from api.services.common.claim_release import release_claimed
from api.services.common.context import WorkspaceContext
from api.services.templates import template_inputs
from api.states import GOING_ON
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import transaction
from strategies import Refusal, StepType

CONTENT = {"subject", "html", "text"}


async def create_template(
    context: WorkspaceContext,
    *,
    name: str,
    subject: str = "",
    html: str,
    text: str | None = None,
    category_id: str | None = None,
) -> Template:
    """Create a template. Raises Refusal."""
    row = Template(id=new_id("tpl"), workspace_id=context.workspace_id, created_at=context.now)
    values = {"name": name, "subject": subject, "html": html, "text": text, "category_id": category_id}
    return await _set(context, row, await _checked(context, values), create=True)


async def update_template(context: WorkspaceContext, template_id: str, **values: Any) -> Template:
    """Change the given values. Emails that have not left yet use the new content. Raises Refusal."""
    await get_or_refuse(Template, context.workspace_id, template_id, ("id",))
    checked = await _checked(context, values)
    async with transaction():
        row = await _set(
            context, await get_or_refuse(Template, context.workspace_id, template_id, ("id",)), checked, create=False
        )
        if "subject" in values and not row.subject:
            await _refuse_if_needed(row)
    if CONTENT & values.keys():
        await release_claimed(context, "step_id", *await _taken_by(row))
    return row


async def _taken_by(row: Template) -> list[str]:
    """Return the steps whose emails say what a template says: its own, and the follow-ups of their campaigns."""
    campaigns = await Step.filter(template_id=row.id).distinct().values_list("campaign_id", flat=True)
    steps = Step.filter(campaign_id__in=list(campaigns))
    return [str(step.id) for step in await steps if step.template_id == row.id or step.follow_up]


async def _refuse_if_needed(row: Template) -> None:
    """Refuse to leave an email of a campaign that goes on without a subject, as launching and editing do.

    Call once the template is written: whoever launches until then is seen here, and whoever does later sees it.
    """
    takers = Step.filter(template_id=row.id, type=StepType.EMAIL, follow_up=False, removed_at=None)
    for step in await takers.order_by("id").select_related("campaign"):
        campaign = {"campaign_id": step.campaign_id}
        if not step.subject and (
            await Enrollment.filter(**campaign, ended_at=None).exists()
            or await Launch.filter(**campaign, status__in=GOING_ON).exists()
        ):
            raise Refusal.of(
                CampaignCode.SUBJECT_REQUIRED,
                ("subject",),
                case="in_use",
                number=step.number,
                campaign=step.campaign.name,
            )


async def create_category(context: WorkspaceContext, name: str) -> Category:
    """Create a category. Raises Refusal."""
    name = inputs.line(name, ("name",))
    try:
        return await Category.create(
            id=new_id("cat"), workspace_id=context.workspace_id, name=name, created_at=context.now
        )
    except IntegrityError:
        raise Refusal.of(TemplateCode.CATEGORY_EXISTS, ("name",), name=name[:60]) from None


async def _checked(context: WorkspaceContext, values: dict[str, Any]) -> dict[str, Any]:
    """Check the values that are given, outside of any transaction: templates may take a worker process a while."""
    own = context.workspace_id
    checks: dict[str, Callable[[Any], Awaitable[Any]]] = {
        "subject": lambda value: template_inputs.subject(own, value or "", ("subject",), required=False),
        "html": lambda value: template_inputs.html(own, value or "", ("html",)),
        "text": lambda value: template_inputs.text(own, value, ("text",)),
    }
    checked = dict(values)
    if "name" in values:
        checked["name"] = inputs.line(values["name"] or "", ("name",))
    for key, value in values.items():
        if key in checks:
            checked[key] = await checks[key](value)
    return checked


async def _set(context: WorkspaceContext, row: Template, values: dict[str, Any], *, create: bool) -> Template:
    for key, value in values.items():
        setattr(row, key, value)
    if row.category_id is not None:
        await get_or_refuse(Category, context.workspace_id, row.category_id, ("categoryId",))
    await row.save(force_create=create, update_fields=None if create else [*values])
    return row
