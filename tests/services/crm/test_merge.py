"""The merge of a task with its task in the CRM: nothing is lost, both sides become equal, and the later change wins."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.services.crm.tasks.field_merge import ONE_WAY, Side, merge
from plugins.crms.tasks import TaskField

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
FIELDS = frozenset(TaskField)
DUE, STATUS, OWNER, SUBJECT = TaskField.DUE, TaskField.STATUS, TaskField.OWNER, TaskField.SUBJECT
values = st.dictionaries(st.sampled_from(TaskField), st.sampled_from("abc"), min_size=len(FIELDS))
times = st.integers(0, 9).map(lambda hours: NOW + timedelta(hours=hours))


@given(values, values, values, st.fixed_dictionaries(dict.fromkeys(TaskField, times)), times)
def test_one_change_reaches_the_other_side_and_of_two_the_later(
    here: Any, there: Any, base: Any, at: Any, there_at: Any
) -> None:
    pairs = {field: (value, value) for field, value in base.items()}
    found = merge(here, there, pairs, {}, at, there_at, FIELDS)
    assert not found.push & found.apply
    for field in FIELDS:
        changed_here, changed_there = here[field] != base[field], there[field] != base[field]
        if here[field] == there[field]:
            assert field not in found.push | found.apply
        elif field in ONE_WAY:
            assert (field in found.push, field in found.apply) == (changed_here, False)
        elif changed_here and changed_there:
            later_here = at[field] >= there_at
            assert (field in found.push, field in found.apply) == (later_here, not later_here)
            assert [each.wins for each in found.conflicts if each.field is field] == [
                Side.HERE if later_here else Side.THERE
            ]
        else:
            assert (field in found.push, field in found.apply) == (changed_here, changed_there)
    # After the writes both sides are equal, and a second merge has nothing to do.
    after = {field: (there if field in found.apply else here)[field] for field in FIELDS}
    remote = {field: (here if field in found.push else there)[field] for field in FIELDS}
    assert all(after[field] == remote[field] for field in FIELDS - ONE_WAY)
    pairs = {**found.base, **{field: (after[field], remote[field]) for field in found.push | found.apply}}
    again = merge(after, remote, pairs, {}, at, there_at, FIELDS)
    assert (again.push, again.apply, again.conflicts) == (frozenset(), frozenset(), ())


def test_a_value_that_means_nothing_on_the_other_side_is_left_there() -> None:
    base: Any = {STATUS: ("OPEN", "OPEN"), OWNER: ("u1", "u1")}
    there: Any = {STATUS: "OTHER", OWNER: "u9"}
    found = merge({STATUS: "OPEN", OWNER: "u1"}, there, base, {}, {}, NOW, FIELDS - {STATUS, OWNER})
    assert (found.push, found.apply) == (frozenset(), frozenset())
    assert found.base == base
    # Completing it here writes over it, and is no conflict. Without a change here, nothing is written.
    found = merge({STATUS: "COMPLETED", OWNER: "u1"}, there, found.base, {}, {}, NOW, FIELDS - {STATUS, OWNER})
    assert (found.push, found.conflicts) == ({STATUS}, ())
    # A skipped task whose task there is left as it is has no value to write.
    found = merge({STATUS: None, OWNER: None}, {STATUS: "OPEN", OWNER: "u1"}, base, {}, {}, NOW, FIELDS)
    assert (found.push, found.apply, found.conflicts) == (frozenset(), frozenset(), ())


def test_a_change_that_means_nothing_now_is_applied_when_it_does() -> None:
    base: Any = {STATUS: ("COMPLETED", "COMPLETED"), DUE: ("1", "1"), OWNER: ("u1", "u1")}
    here: Any = {STATUS: "COMPLETED", DUE: "1", OWNER: "u1"}
    moved: Any = {STATUS: "COMPLETED", DUE: "2", OWNER: "u2"}
    closed = merge(here, moved, base, {}, {}, NOW, FIELDS - {DUE, OWNER})
    assert (closed.push, closed.apply) == (frozenset(), frozenset())
    opened = merge(here, moved | {STATUS: "OPEN"}, closed.base, {}, {}, NOW, FIELDS)
    assert (opened.push, opened.apply) == (frozenset(), {STATUS, DUE, OWNER})
    opened = merge(here | {STATUS: "OPEN"}, moved, closed.base, {}, {}, NOW, FIELDS)
    assert (opened.push, opened.apply) == ({STATUS}, {DUE, OWNER})


def test_a_value_that_we_have_sent_is_no_change_there() -> None:
    base, sent, at = {DUE: ("1", "1")}, {DUE: ["2"]}, {DUE: NOW}
    # The answer was lost, but the write was carried out.
    found = merge({DUE: "2"}, {DUE: "2"}, base, sent, at, NOW + timedelta(hours=1), FIELDS)
    assert (found.push, found.apply, found.base) == (frozenset(), frozenset(), {DUE: ("2", "2")})
    # It was changed here again since: that change is written, although the write came later.
    found = merge({DUE: "3"}, {DUE: "2"}, base, sent, at, NOW + timedelta(hours=1), FIELDS)
    # Someone may also have written the same value after that: the history shows it.
    assert (found.push, found.base, found.sent) == ({DUE}, {DUE: ("2", "2")}, {DUE: []})
    assert [each.wins for each in found.conflicts] == [Side.HERE]
    found = merge({DUE: "3"}, {DUE: "2"}, base, sent, at, NOW - timedelta(hours=1), FIELDS)
    assert (found.push, found.conflicts) == ({DUE}, ())
    # A late write of an older value comes after a newer one: the newer one is written again.
    found = merge({DUE: "3"}, {DUE: "2"}, {DUE: ("3", "3")}, sent, at, NOW + timedelta(hours=1), FIELDS)
    assert (found.push, found.apply) == ({DUE}, frozenset())
    # It was seen, so it is not carried out again: someone has set the value there once more.
    found = merge({DUE: "3"}, {DUE: "2"}, {DUE: ("3", "3")}, found.sent, at, NOW + timedelta(hours=1), FIELDS)
    assert (found.push, found.apply) == (frozenset(), {DUE})
    # Someone has changed it there since.
    found = merge({DUE: "2"}, {DUE: "4"}, base, sent, at, NOW + timedelta(hours=1), FIELDS)
    assert (found.apply, [each.wins for each in found.conflicts]) == ({DUE}, [Side.THERE])


def test_a_subject_that_was_changed_there_is_never_applied() -> None:
    base: Any = {SUBJECT: ("a", "a")}
    found = merge({SUBJECT: "a"}, {SUBJECT: "b"}, base, {}, {}, NOW, FIELDS)
    assert (found.push, found.apply, found.base) == (frozenset(), frozenset(), {SUBJECT: ("a", "b")})
    found = merge({SUBJECT: "c"}, {SUBJECT: "b"}, found.base, {}, {SUBJECT: NOW}, NOW + timedelta(hours=1), FIELDS)
    assert (found.push, found.conflicts) == ({SUBJECT}, ())
