"""Create a template from the email of a step."""

from api.codes.refusals.campaigns import CampaignCode
from api.models import Step, Template
from api.services.common.request_context import WorkspaceContext
from api.services.templates.templates import create_template
from api.store.engine.rows import get_or_refuse
from strategies import Refusal, StepType

PATH = ("stepId",)


async def save_step_as_template(
    context: WorkspaceContext, step_id: str, *, name: str, category_id: str | None = None
) -> Template:
    """Create a template with the subject, HTML and text of a step's email. The step stays as it is. Raises Refusal.

    If the step has a template, only a subject of its own replaces the template's.
    """
    step = await get_or_refuse(Step, context.workspace_id, step_id, PATH)
    if step.type is not StepType.EMAIL:
        raise Refusal.of(CampaignCode.NOT_AN_EMAIL_STEP, PATH)
    html, text, transactional = step.html, step.text, False
    subject = step.subject or ""
    if step.template_id is not None:
        template = await Template.get(id=step.template_id)
        html, text, transactional = template.html, template.text, template.transactional
        subject = subject or template.subject
    try:
        return await create_template(
            context,
            name=name,
            subject=subject,
            html=html,
            text=text,
            category_id=category_id,
            transactional=transactional,
        )
    except Refusal as refusal:
        if refusal.path in {("subject",), ("html",), ("text",)}:  # earlier releases stored it without these checks
            raise Refusal(refusal.code, refusal.message, PATH) from None
        raise
