"""Templates and the steps that use them."""

from api.models import Enrollment, Launch, Step
from api.states import OPEN_LAUNCH_STATUSES
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, in_list
from strategies import StepType


async def subjects_of(template_ids: list[str]) -> dict[str, str]:
    """Return the subjects of templates, by id. They do not change before the transaction ends."""
    lock = "FOR SHARE" if is_postgres() else ""
    rows = await execute(
        f"SELECT id, subject FROM template WHERE {in_list('id', 1)} ORDER BY id {lock}",
        sorted(set(template_ids)),
    )
    return {row["id"]: row["subject"] for row in rows}


async def steps_with_content_of(template_id: str) -> list[str]:
    """Return the steps whose emails contain a template: its own steps, and the follow-ups of their campaigns."""
    campaigns = await Step.filter(template_id=template_id).distinct().values_list("campaign_id", flat=True)
    steps = Step.filter(campaign_id__in=list(campaigns))
    return [str(step.id) for step in await steps if step.template_id == template_id or step.follow_up]


async def running_step_without_subject(template_id: str) -> Step | None:
    """Return a step, with its campaign, that takes its subject from a template and may send emails."""
    steps = Step.filter(template_id=template_id, type=StepType.EMAIL, follow_up=False, removed_at=None)
    for step in await steps.order_by("id").select_related("campaign"):
        campaign = {"campaign_id": step.campaign_id}
        if not step.subject and (
            await Enrollment.filter(**campaign, ended_at=None).exists()
            or await Launch.filter(**campaign, status__in=OPEN_LAUNCH_STATUSES).exists()
        ):
            return step
    return None
