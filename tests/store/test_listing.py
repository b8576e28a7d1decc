"""Lists page by page: every row once, in order, on both databases."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from api import models
from api.services.workspaces.workspaces import create_workspace
from api.store.engine import listing
from api.store.engine.listing import Count, Listing

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TITLES = ("", "CEO", "CTO")
COMPANIES = ("Acme", "Ltd", "ß'\\%")


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
            created_at=NOON,
        )
    await models.Person.create(
        id="per_030a", workspace_id=other.id, email="x@example.com", email_key="x@example.com", created_at=NOON
    )
    return await models.Person.filter(workspace_id=own.id)


async def all_pages(found: Listing, size: int) -> list[str]:
    """Read a listing to its end. Each page but the last is full."""
    ids: list[str] = []
    more = True
    while more:
        rows, more = await found.page(size, ids[-1] if ids else None)
        assert len(rows) == size or not more
        ids += [row.id for row in rows]
    return ids


@pytest.mark.parametrize("size", [1, 7, 60, 200])
@pytest.mark.parametrize("order", [("id",), ("company", "id"), ("title", "company", "id")])
@pytest.mark.parametrize("descending", [False, True])
async def test_pages_have_every_row_once_in_order(
    people: list[models.Person], order: tuple[str, ...], descending: bool, size: int
) -> None:
    found = Listing(models.Person, order=order, descending=descending).equal(workspace_id=people[0].workspace_id)
    found = found.one_of("title", ["CEO", "CTO"]).one_of("company", list(COMPANIES)[::-1])

    def key(person: models.Person) -> tuple[Any, ...]:
        return tuple(getattr(person, column) for column in order)

    wanted = sorted((person for person in people if person.title), key=key, reverse=descending)
    assert await all_pages(found, size) == [person.id for person in wanted]
    assert await found.count() == Count(len(wanted), exact=True)


async def test_an_order_without_the_id_needs_unique_columns_alone(people: list[models.Person]) -> None:
    found = Listing(models.Person, order=("email_key",)).equal(workspace_id=people[0].workspace_id)
    assert await all_pages(found, 7) == [person.id for person in sorted(people, key=lambda each: each.email_key)]


async def test_a_listing_without_alternatives_is_empty(people: list[models.Person]) -> None:
    found = Listing(models.Person).equal(workspace_id=people[0].workspace_id).one_of("title", [])
    assert await found.page(10, None) == ([], False)
    assert await found.count() == Count(0, exact=True)


async def test_counting_stops_at_the_bound(people: list[models.Person], monkeypatch: pytest.MonkeyPatch) -> None:
    found = Listing(models.Person).equal(workspace_id=people[0].workspace_id).one_of("title", list(TITLES))
    for bound, count in ((60, Count(60, exact=True)), (59, Count(59, exact=False)), (1, Count(1, exact=False))):
        monkeypatch.setattr(listing, "MAX_EXACT_COUNT", bound)
        assert await found.count() == count
