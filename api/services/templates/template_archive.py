"""Archive templates, take them out of the archive, and delete unused ones."""

from datetime import datetime

from tortoise.exceptions import IntegrityError

from api.codes.refusals.templates import TemplateCode
from api.models import Template
from api.services.common.inputs.versions import check_version
from api.services.common.request_context import WorkspaceContext
from api.store import templates as store
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.reports.measures import Scope
from api.store.reports.reading import counts
from strategies import Refusal

PATH = ("id",)


@retry_on_deadlock
async def archive_template(
    context: WorkspaceContext, template_id: str, *, archived: bool, if_version: int | None = None
) -> Template:
    """Archive a template, or take it out of the archive. Steps that use it keep it. Raises Refusal."""
    async with transaction():
        row = await _lock(context, template_id, if_version)
        if archived is (row.archived_at is not None):
            return row
        at: datetime | None = context.now if archived else None
        row.update_from_dict({"archived_at": at, "version": row.version + 1})
        await row.save(update_fields=["archived_at", "version"])
    return row


@retry_on_deadlock
async def delete_template(context: WorkspaceContext, template_id: str, *, if_version: int | None = None) -> str:
    """Delete a template that no step uses, and from which no email was sent. Returns its id. Raises Refusal."""
    try:
        async with transaction():
            await _lock(context, template_id, if_version)
            used = await store.steps_using(template_id).count()
            if used.number:
                names = await store.campaigns_using(template_id, store.SHOWN_CAMPAIGNS)
                listed = ", ".join(repr(name) for name in names)
                raise Refusal.of(TemplateCode.TEMPLATE_USED, PATH, steps=used.number, campaigns=listed)
            if (await counts(context.workspace_id, Scope.TEMPLATE, [template_id])).get(template_id):
                raise Refusal.of(TemplateCode.TEMPLATE_USED, PATH, case="sent")
            await store.forget_in_removed_steps(template_id)
            await Template.filter(id=template_id).delete()
    except IntegrityError:  # another request has just used the template
        raise Refusal.of(TemplateCode.TEMPLATE_USED, PATH, case="meanwhile") from None
    return template_id


async def _lock(context: WorkspaceContext, template_id: str, if_version: int | None) -> Template:
    """Lock a template of the version that the client has read, and return it. Raises Refusal."""
    await get_or_refuse(Template, context.workspace_id, template_id, PATH)
    await store.lock_template(template_id)
    row = await get_or_refuse(Template, context.workspace_id, template_id, PATH)
    check_version("template", row.version, if_version)
    return row
