"""Problems with the send options of a campaign's steps, and the events about missing ones."""

import logging
from collections.abc import Sequence

from api.codes.events.event_kinds import EventKind
from api.models import Step, Workspace
from api.services.common.request_context import WorkspaceContext, workspace_now
from api.services.jobs.job_kind import JobRuntime
from api.services.plugin_health.health import PluginHealth, health_of
from api.states import PluginState
from api.store.campaigns import missing_options
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.enrollments import waiting_people
from api.store.enrollments.waiting_people import WaitingCount
from api.store.events.events import Line, campaign_event, write
from strategies import WarningNote
from strategies.sentences.warning_codes import WarningCode

log = logging.getLogger("touchline.options")


async def option_problems(context: WorkspaceContext, steps: Sequence[Step]) -> list[WarningNote]:
    """Return the warnings about missing send options, about those that fail, and about people who wait for one."""
    health = await health_of(context, partner_options(context, steps))
    campaigns = sorted({step.campaign_id for step in steps})
    waiting = [each for found in (await waiting_people.count(campaigns)).values() for each in found]
    return problems_of_steps(context, steps, health, waiting)


def partner_options(context: WorkspaceContext, steps: Sequence[Step]) -> list[str]:
    """Return the keys of the steps' send options that are installed and not Touchline's own."""
    options = context.installed.send_options
    keys = sorted({step.send_option for step in steps if step.send_option in options})
    return [key for key in keys if not options.is_own(key)]


def problems_of_steps(
    context: WorkspaceContext,
    steps: Sequence[Step],
    health: Sequence[PluginHealth],
    waiting: Sequence[WaitingCount],
) -> list[WarningNote]:
    """Return a warning for each step whose send option is not installed, or fails, in the order of the steps.

    Then one for each step at which people wait for an option.
    """
    failing = {each.key: each for each in health if each.state is not PluginState.OK}
    found = []
    for step in sorted(steps, key=lambda step: step.number):
        key = step.send_option
        if key is not None and key not in context.installed.send_options:
            found.append(WarningCode.SEND_OPTION_MISSING.note(step=step.number, option=key))
        elif key in failing:
            found.append(_failure(step.number, failing[key]))
    options = {step.number: step.send_option or "" for step in steps}
    for each in waiting:
        values = {"step": each.number, "option": options.get(each.number, ""), "people": each.people}
        found.append(WarningCode.PEOPLE_WAIT_FOR_OPTION.note(**values, reason=each.code))
    return found


def _failure(step: int, health: PluginHealth) -> WarningNote:
    values: dict[str, str | int] = {"step": step, "option": health.key, "package": health.package}
    if health.next_try_at is not None:
        return WarningCode.SEND_OPTION_STOPPED.note(**values, until=f"{health.next_try_at:%Y-%m-%d %H:%M:%S}")
    return WarningCode.SEND_OPTION_FAILING.note(**values, fault=health.fault_sentence or "")


@retry_on_deadlock
async def report_missing_options(runtime: JobRuntime) -> None:
    """Write an event for each campaign with people in it that has lost a send option, or has it again.

    Each process calls it when it starts, because packages change only between two starts.
    """
    workspace = await Workspace.first()
    if workspace is None:
        return
    keys = list(runtime.context_of(workspace).installed.send_options)
    async with transaction():
        lost = await missing_options.add_missing(keys)
        found = await missing_options.remove_installed(keys)
        events: list[Line] = []
        for kind, rows in ((EventKind.SEND_OPTION_MISSING, lost), (EventKind.SEND_OPTION_RESTORED, found)):
            for row in rows:
                now = await workspace_now(row.workspace_id, runtime.clock)
                data = {"option": row.send_option}
                events.append(campaign_event(row.workspace_id, row.campaign_id, kind, now, data=data))
        await write(events)
    for option in sorted({row.send_option for row in lost}):
        campaigns = sum(row.send_option == option for row in lost)
        log.warning("the send option %s is not installed; running campaigns that use it: %s", option, campaigns)
