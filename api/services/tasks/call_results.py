"""The results that reps record on completing a task: a note, and for a call its outcome and its reason.

The task keeps the text, so that later changes of the workspace's lists do not change it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.codes.refusals.tasks import TaskCode
from api.models import Task, Workspace
from api.services.common.inputs import inputs
from api.services.workspaces.call_lists import outcomes_of, reasons_of
from strategies import Refusal, StepType
from strategies.errors import RefusalCollector

MAX_NOTE_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class CompletionResult:
    """The result that a rep records on completing or skipping a task. Only calls have ``outcome`` and ``reason``."""

    outcome: str | None = None
    reason: str | None = None
    note: str = ""

    def columns(self) -> dict[str, Any]:
        """Return the values of the task's columns."""
        return {"outcome": self.outcome, "call_reason": self.reason, "note": self.note}

    def event_data(self) -> dict[str, Any]:
        """Return the data for the event in the Live Feed."""
        named = {"outcome": self.outcome, "reason": self.reason, "note": self.note[:500]}
        return {name: value for name, value in named.items() if value}


NO_RESULT = CompletionResult()


def checked_result(
    workspace: Workspace, task: Task, outcome: str | None, reason: str | None, note: str | None
) -> CompletionResult:
    """Check and return the result that a rep recorded for a task. Raises Refusal."""
    refusals = RefusalCollector()
    choices = (
        ("outcome", outcome, [each.name for each in outcomes_of(workspace)]),
        ("reason", reason, reasons_of(workspace)),
    )
    for name, value, names in choices:
        with refusals:
            if value is not None and task.type is not StepType.CALL:
                raise Refusal.of(TaskCode.NOT_A_CALL_TASK, (name,), type=task.type)
            _refuse_unlisted(value, name, names)
    with refusals:
        note = inputs.text(note or "", ("note",), limit=MAX_NOTE_CHARACTERS).strip()
    refusals.raise_any()
    return CompletionResult(outcome, reason, note or "")


def _refuse_unlisted(value: str | None, argument: str, names: Sequence[str]) -> None:
    if value is None or value in names:
        return
    shown = value[: inputs.SHOWN_CHARACTERS]
    if not names:
        raise Refusal.of(TaskCode.UNKNOWN_CALL_RESULT, (argument,), case="empty", value=shown)
    raise Refusal.of(TaskCode.UNKNOWN_CALL_RESULT, (argument,), value=shown, names=", ".join(names))
