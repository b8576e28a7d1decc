"""Merge a task with its task in the CRM, field by field: the fields to write there, and the fields to change here.

A field has changed on a side if its value differs from the one that was last synced. If it has changed on one side, the
other side gets it. If it has changed on both, the later change wins, by the CRM's clock. All values are texts that are
equal if the fields are equal, such as a digest of the details; None is a value that the side cannot write or apply.

Some changes in the CRM cannot be applied now, such as another due date of a closed task. They stay changes, and are
applied as soon as that is possible, such as when the task is opened again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from plugins.crms.tasks import TaskField

Values = Mapping[TaskField, str | None]
Pair = tuple[str | None, str | None]
"""A value here and in the CRM."""
ONE_WAY = frozenset({TaskField.SUBJECT, TaskField.PERSON})
"""Fields that the CRM gets, and whose changes there are not applied here."""


class Side(StrEnum):
    """The side whose value wins."""

    HERE = "HERE"
    THERE = "THERE"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that was changed on both sides."""

    field: TaskField
    here: str | None
    there: str | None
    wins: Side


@dataclass(frozen=True, slots=True)
class Merge:
    """The result for one task."""

    push: frozenset[TaskField]
    """The fields that are written to the CRM."""
    apply: frozenset[TaskField]
    """The fields that are applied here."""
    base: Mapping[TaskField, Pair]
    """The synced values. Fields in ``push`` and ``apply`` still differ from them on one side."""
    conflicts: tuple[Conflict, ...]
    sent: Mapping[TaskField, Sequence[str | None]]
    """The values that were sent without an answer and were not yet seen in the CRM."""


def merge(
    here: Values,
    there: Values,
    base: Mapping[TaskField, Pair],
    sent: Mapping[TaskField, Sequence[str | None]],
    changed_here_at: Mapping[TaskField, datetime],
    changed_there_at: datetime,
    applicable: frozenset[TaskField],
) -> Merge:
    """Merge one task. Both times are by the same clock.

    ``sent`` are values that were sent without an answer. If the CRM has one of them, that write was carried out, and
    the value is removed: a write happens once, so if the CRM gets the value again later, someone has set it there.
    ``applicable`` are the fields whose values in the CRM can be applied here.
    """
    push, apply, conflicts = set[TaskField](), set[TaskField](), list[Conflict]()
    synced: dict[TaskField, Pair] = dict(base)
    unseen = {field: list(values) for field, values in sent.items()}
    for field in TaskField:
        own, remote = here.get(field), there.get(field)
        base_here, base_there = synced.get(field, (None, None))
        two_way = field in applicable and field not in ONE_WAY
        latest = changed_here_at.get(field)
        if remote != base_there and remote in unseen.get(field, ()):
            base_here, base_there = remote, remote
            unseen[field].remove(remote)
            if two_way and own not in {None, remote} and latest is not None and latest < changed_there_at:
                # Someone may also have set the same value there after the change here, so the conflict is recorded.
                conflicts.append(Conflict(field, own, remote, Side.HERE))
        changed_here = own is not None and own != base_here
        changed_there = remote != base_there
        if own is not None and own == remote:
            base_here, base_there = own, remote
        elif changed_here and changed_there and two_way:
            wins = Side.HERE if latest is None or latest >= changed_there_at else Side.THERE
            conflicts.append(Conflict(field, own, remote, wins))
            (push if wins is Side.HERE else apply).add(field)
            if wins is Side.HERE:
                base_there = remote  # the value of the CRM is overwritten
        elif changed_here:
            push.add(field)
        elif changed_there and two_way:
            apply.add(field)
        elif changed_there and field in ONE_WAY:
            base_there = remote
        if field in here or field in there:
            synced[field] = (base_here, base_there)
    return Merge(frozenset(push), frozenset(apply), synced, tuple(conflicts), unseen)
