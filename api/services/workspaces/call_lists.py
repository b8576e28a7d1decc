"""The lists from which reps choose when they complete a call: outcomes and reasons. A workspace may have its own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from api.codes.refusals.tasks import TaskCode
from api.models import Workspace
from api.services.common.inputs import inputs
from strategies import Refusal
from strategies.errors import RefusalCollector

MAX_NAME_CHARACTERS = 50
"""Characters of an outcome or a reason: the limit of Salesforce."""
MAX_NAMES = 15
"""The most outcomes, and the most reasons, of a workspace."""


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How a call can end, and whether the person answered."""

    name: str
    answered: bool


DEFAULT_OUTCOMES = (
    CallOutcome("Connected", answered=True),
    CallOutcome("Meeting booked", answered=True),
    CallOutcome("Not interested", answered=True),
    CallOutcome("Gatekeeper", answered=True),
    CallOutcome("Left voicemail", answered=False),
    CallOutcome("No answer", answered=False),
    CallOutcome("Busy", answered=False),
    CallOutcome("Wrong number", answered=False),
)
DEFAULT_REASONS = ("Introduction", "Follow-up", "Qualification", "Demo", "Negotiation", "Customer care")


def outcomes_of(workspace: Workspace) -> Sequence[CallOutcome]:
    """Return the outcomes from which reps choose."""
    if workspace.call_outcomes is None:
        return DEFAULT_OUTCOMES
    return [CallOutcome(each["name"], each["answered"]) for each in workspace.call_outcomes]


def reasons_of(workspace: Workspace) -> Sequence[str]:
    """Return the reasons from which reps choose."""
    return DEFAULT_REASONS if workspace.call_reasons is None else list(workspace.call_reasons)


def checked_outcomes(outcomes: Sequence[CallOutcome], argument: str) -> list[dict[str, Any]]:
    """Return a workspace's new list of outcomes, as it is stored. Raises Refusal."""
    names = _checked_names([each.name for each in outcomes], argument, ("name",))
    return [{"name": name, "answered": each.answered} for name, each in zip(names, outcomes, strict=True)]


def checked_reasons(reasons: Iterable[str], argument: str) -> list[str]:
    """Return a workspace's new list of reasons. Raises Refusal."""
    return _checked_names(list(reasons), argument, ())


def _checked_names(names: Sequence[str], argument: str, inside: tuple[str, ...]) -> list[str]:
    if len(names) > MAX_NAMES:
        raise Refusal.of(TaskCode.INVALID_CALL_LIST, (argument,), case="many", limit=MAX_NAMES, length=len(names))
    refusals, clean = RefusalCollector(), dict[str, str]()
    for index, name in enumerate(names):
        path = (argument, str(index))
        with refusals:
            own = inputs.line(name, (*path, *inside), limit=MAX_NAME_CHARACTERS)
            if own.casefold() in clean:
                raise Refusal.of(TaskCode.INVALID_CALL_LIST, path, name=own)
            clean[own.casefold()] = own
    refusals.raise_any()
    return list(clean.values())
