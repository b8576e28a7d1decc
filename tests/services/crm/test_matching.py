"""Which record of the CRM is a person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from api.crm_states import CrmDuplicates
from api.services.crm.people.matching import MatchRules, choose, final_record
from plugins.crms.people_and_activities import PersonKind, RemotePerson
from strategies.codes import Message

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LEAD, CONTACT = PersonKind.LEAD, PersonKind.CONTACT
OLDEST, LAST_CHANGED, SKIP = CrmDuplicates.OLDEST, CrmDuplicates.LAST_CHANGED, CrmDuplicates.SKIP


def record(name: str, kind: PersonKind, *, age: int = 0, changed: int = 0, **more: object) -> RemotePerson:
    created, at = NOW - timedelta(days=age), NOW - timedelta(days=changed)
    return replace(RemotePerson(name, kind, "ada@example.com", created, at), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("records", "first_kind", "on_duplicates", "expected"),
    [
        ([], CONTACT, OLDEST, None),
        ([record("L", LEAD)], CONTACT, SKIP, "L"),
        ([record("L", LEAD, age=9), record("C", CONTACT)], CONTACT, SKIP, "C"),
        ([record("L", LEAD), record("C", CONTACT, age=9)], LEAD, OLDEST, "L"),
        ([record("C1", CONTACT, age=1), record("C2", CONTACT, age=2), record("L", LEAD, age=9)], CONTACT, OLDEST, "C2"),
        ([record("C1", CONTACT, changed=1), record("C2", CONTACT, changed=2)], CONTACT, LAST_CHANGED, "C1"),
        ([record("C1", CONTACT), record("C2", CONTACT)], CONTACT, OLDEST, "C1"),
        ([record("C1", CONTACT), record("C2", CONTACT)], CONTACT, LAST_CHANGED, "C2"),
        ([record("C1", CONTACT), record("C2", CONTACT)], CONTACT, SKIP, ("CRM_PERSON_AMBIGUOUS", "C1, C2")),
        # A lead that became a contact is that contact, whatever the setting says.
        ([record("L", LEAD, converted_to="C"), record("C", CONTACT)], LEAD, SKIP, "C"),
        ([record("L", LEAD, converted_to="X"), record("C", CONTACT)], LEAD, SKIP, "C"),
        ([record("L", LEAD, converted_to="X")], LEAD, SKIP, "L"),
        ([record("L", LEAD, is_deleted=True)], LEAD, OLDEST, None),
    ],
)
def test_the_record_is_chosen_by_kind_and_then_by_the_setting(
    records: list[RemotePerson], first_kind: PersonKind, on_duplicates: CrmDuplicates, expected: object
) -> None:
    for order in permutations(records):
        found = choose(order, MatchRules(first_kind, on_duplicates))
        if isinstance(found, Message):
            assert isinstance(expected, tuple)
            assert (found.code, expected[1] in found.sentence) == (expected[0], True)
        else:
            assert (found and found.remote_id) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("C", "C"),
        ("L", "C"),
        ("M", "C"),
        ("gone", None),
        ("nobody", None),
        ("further", "X"),
        ("circle", None),
    ],
)
def test_merged_and_converted_records_are_followed(start: str, expected: str | None) -> None:
    records = {
        each.remote_id: each
        for each in (
            record("C", CONTACT),
            record("L", LEAD, converted_to="C"),
            record("M", LEAD, is_deleted=True, merged_into="L"),
            record("gone", LEAD, is_deleted=True),
            record("further", LEAD, converted_to="X"),
            record("circle", LEAD, merged_into="circle"),
        )
    }
    found = final_record(start, records)
    assert (found.remote_id if isinstance(found, RemotePerson) else found) == expected
