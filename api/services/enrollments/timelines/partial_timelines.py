"""The timeline of a person up to the first step that cannot be resolved, because its send option fails or is missing.

So a package that fails affects only its own steps and those after them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from api.models import Step
from api.services.common.request_context import WorkspaceContext
from strategies import Refusal
from strategies.timeline.records import ManualEmailRecord, StepRecord
from strategies.timeline.timeline import Timeline

NOTHING = Timeline((), {}, (), None)


class Unresolved(NamedTuple):
    """Why a timeline ends early."""

    number: int
    """The number of the first step without a plan."""
    code: str
    """The code of the refusal."""


class PartialTimeline(NamedTuple):
    """A timeline, complete unless ``unresolved`` says where it ends."""

    timeline: Timeline
    unresolved: Unresolved | None = None


def resolve_possible(
    context: WorkspaceContext,
    steps: Sequence[Step],
    happened: Mapping[int, StepRecord],
    resolve: Callable[[Sequence[Step]], Timeline],
) -> PartialTimeline:
    """Resolve as many steps as possible. ``resolve`` gets all steps, or the first ones, and raises Refusal.

    If it fails, the steps are resolved up to the first one of a package, then up to the next, until that fails too. So
    the option that fails is called once or twice.
    """
    try:
        return PartialTimeline(resolve(steps))
    except Refusal as refusal:
        failed = refusal.code
    options = context.installed.send_options
    found = PartialTimeline(NOTHING, Unresolved(1, failed))
    for step in steps:
        key, record = step.send_option, happened.get(step.number)
        own = key is None or (key in options and options.is_own(key))
        if own or not (record is None or isinstance(record, ManualEmailRecord)):
            continue
        try:
            earlier = resolve([each for each in steps if each.number < step.number])
        except Refusal:
            break
        found = PartialTimeline(earlier, Unresolved(step.number, failed))
    return found
