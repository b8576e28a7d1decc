"""Lists page by page: every row once, in order, forward and backward, on both databases."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api import models
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.listing import listing
from api.store.engine.listing.listing import Count, Listing, Window
from api.store.engine.listing.sort_keys import SortKey

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TITLES = ("", "CEO", "CTO")
COMPANIES = ("Acme", "acme", "Ltd", "ß'\\%", "Ärzte", "Zoo", "")
KEYS = {
    "id": None,
    "company": SortKey("company"),
    "company, ignoring case": SortKey("company", ignores_case=True),
    "created_at": SortKey("created_at", datetime),
    "bounced_at": SortKey("bounced_at", datetime, nullable=True),
    "email_key": SortKey("email_key", unique=True),
}


@pytest.fixture
async def people(database: str) -> list[models.Person]:
    """Sixty people of one workspace, and one of another."""
    own, other = await create_workspace("W", NOON), await create_workspace("X", NOON)
    chance = random.Random(7)
    for number in range(60):
        await models.Person.create(
            id=f"per_{number:03}",
            workspace_id=own.id,
            email=f"{number}@example.com",
            email_key=f"{number}@example.com",
            title=chance.choice(TITLES),
            company=chance.choice(COMPANIES),
            created_at=NOON + timedelta(seconds=chance.randrange(3) / 2),
            bounced_at=chance.choice([None, NOON, NOON + timedelta(hours=1)]),
        )
    await models.Person.create(
        id="per_030a", workspace_id=other.id, email="x@example.com", email_key="x@example.com", created_at=NOON
    )
    return await models.Person.filter(workspace_id=own.id)


async def all_pages(found: Listing, size: int, *, backwards: bool = False) -> list[str]:
    """Read a listing from one end to the other. Each page but the last is full."""
    ids: list[str] = []
    window, more = Window(size, last=backwards), True
    while more:
        rows, more = await found.page(window, ())
        assert len(rows) == size or not more
        page = [row.id for row in rows]
        ids = page + ids if backwards else ids + page
        if rows and backwards:
            window = Window(size, before=found.position(rows[0]), last=True)
        elif rows:
            window = Window(size, after=found.position(rows[-1]))
    return ids


def in_order(people: list[models.Person], key: SortKey | None, *, descending: bool) -> list[str]:
    """Return the ids as Python sorts them: people without a value last."""

    def value(person: models.Person) -> Any:
        found = () if key is None else getattr(person, key.column)
        return found.encode().lower() if key and key.ignores_case else found

    with_value = [person for person in people if value(person) is not None]
    without = [person for person in people if value(person) is None]
    ordered = sorted(with_value, key=lambda each: (value(each), each.id), reverse=descending)
    return [each.id for each in (*ordered, *sorted(without, key=lambda each: each.id, reverse=descending))]


@pytest.mark.parametrize(("parts", "many"), [(400, 40), (5, 40), (400, 1), (5, 1)])
@pytest.mark.parametrize("key", KEYS)
async def test_pages_have_every_row_once_in_order(
    people: list[models.Person], monkeypatch: pytest.MonkeyPatch, key: str, parts: int, many: int
) -> None:
    monkeypatch.setattr(listing, "MAX_ALTERNATIVES", parts)
    monkeypatch.setattr(listing, "MANY_ALTERNATIVES", many)
    found = Listing(models.Person).equal(workspace_id=people[0].workspace_id)
    found = found.one_of("title", ["CEO", "CTO"]).one_of("company", list(COMPANIES)[::-1])
    titled = [person for person in people if person.title]
    assert sorted(await found.ids(100)) == sorted(person.id for person in titled)
    assert await found.count() == Count(len(titled), exact=True)
    for descending in (False, True):
        ordered = found.sorted_by(KEYS[key], descending=descending)
        wanted = in_order(titled, KEYS[key], descending=descending)
        for size in (1, 7, 60, 200):
            assert await all_pages(ordered, size) == wanted
            assert await all_pages(ordered, size, backwards=True) == wanted
        rows, more = await ordered.page(Window(7), {"company"})
        by_id = {person.id: person.company for person in people}
        assert [row.company for row in rows] == [by_id[row_id] for row_id in wanted[:7]]
        assert more


@pytest.mark.parametrize("key", KEYS)
async def test_a_page_lies_between_two_positions_also_of_rows_that_are_gone(
    people: list[models.Person], key: str
) -> None:
    for descending in (False, True):
        found = Listing(models.Person).equal(workspace_id=people[0].workspace_id)
        found = found.sorted_by(KEYS[key], descending=descending)
        rows, _ = await found.page(Window(200))
        ids = [row.id for row in rows]
        for first, last in ((0, 59), (3, 10), (5, 6), (20, 55)):
            after, before = found.position(rows[first]), found.position(rows[last])
            kept = found.where("id <> {}", ids[first]).where("id <> {}", ids[last])
            between = ids[first + 1 : last]
            page, more = await kept.page(Window(4, after, before))
            assert ([row.id for row in page], more) == (between[:4], len(between) > 4)
            page, more = await kept.page(Window(4, after, before, last=True))
            assert ([row.id for row in page], more) == (between[-4:], len(between) > 4)
            assert await kept.begins_before(after) == (first > 0)
            assert await kept.ends_after(before) == (last < 59)
            assert await found.begins_before(after)
            assert await found.ends_after(before)


async def test_a_listing_without_alternatives_is_empty(people: list[models.Person]) -> None:
    found = Listing(models.Person).equal(workspace_id=people[0].workspace_id).one_of("title", [])
    assert await found.page(Window(10)) == ([], False)
    assert await found.count() == Count(0, exact=True)
    assert await found.ids(10) == []


async def test_counting_stops_at_the_bound(people: list[models.Person], monkeypatch: pytest.MonkeyPatch) -> None:
    found = Listing(models.Person).equal(workspace_id=people[0].workspace_id).one_of("title", list(TITLES))
    for bound, count in ((60, Count(60, exact=True)), (59, Count(59, exact=False)), (1, Count(1, exact=False))):
        monkeypatch.setattr(listing, "MAX_EXACT_COUNT", bound)
        assert await found.count() == count
