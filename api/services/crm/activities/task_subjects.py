"""The subjects of synced tasks, by the workspace's pattern."""

from collections.abc import Mapping, Sequence

from api.models import Campaign, CrmSettings, Step, Task
from api.services.crm.activities.subjects import subject
from api.store.crm.activities import steps_within_days
from api.store.engine.rows import by_ids
from plugins.crms.checks import storable
from strategies import StepType

TYPES = {StepType.EMAIL: "Email", StepType.CALL: "Call", StepType.INMAIL: "InMail", StepType.CUSTOM: "Custom"}
"""The values of ``{{activity_type}}``."""


class TaskSubjects:
    """Writes the subjects of a workspace's tasks in the CRM."""

    def __init__(self, workspace_id: str, settings: CrmSettings) -> None:
        self._workspace_id = workspace_id
        self._pattern = settings.subject_pattern

    async def of_tasks(self, tasks: Sequence[Task]) -> Mapping[str, str]:
        """Return the subject of each task, up to 255 characters without line breaks, by the task's id."""
        step_ids = [task.step_id for task in tasks if task.step_id is not None]
        steps: dict[str, Step] = await by_ids(Step, self._workspace_id, step_ids)
        campaign_ids = sorted({step.campaign_id for step in steps.values()})
        campaigns = {row.id: row for row in await Campaign.filter(id__in=campaign_ids)}
        places = await steps_within_days(campaign_ids) if campaign_ids else {}
        subjects: dict[str, str] = {}
        for task in tasks:
            step = None if task.step_id is None else steps.get(task.step_id)
            campaign = None if step is None else campaigns.get(step.campaign_id)
            values = {
                "activity_type": TYPES[task.type],
                "activity_subject": task.name,
                "sales_campaign_name": None if campaign is None else campaign.name,
                "sales_campaign_day": None if step is None else step.day,
                "sales_campaign_step": None if step is None else places.get(step.id),
                "call_outcome": task.outcome,
                "call_reason": task.call_reason,
            }
            subjects[task.id] = storable(subject(self._pattern, values))
        return subjects
