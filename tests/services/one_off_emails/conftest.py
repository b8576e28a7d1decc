"""A workspace in which only one-off emails are due, and what was sent from it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from api.models import Person, Send, Sender
from api.services.one_off_emails.drafts import NewEmail
from tests.services.world import NOW, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    """On both databases."""
    world = await make_world(2)
    await Send.filter(enrollment_id__isnull=False).update(due_at=NOW + timedelta(days=9))
    return world


@pytest.fixture
async def new(world: World) -> Callable[..., NewEmail]:
    """Return a one-off email to Ada with the values of a test."""
    sender, ada = await Sender.get(), await Person.get(email="ada@example.com")

    def make(**values: object) -> NewEmail:
        given = {"person_id": ada.id, "sender_id": sender.id, "subject": "Hello", "html": "<p>One {{ word }}</p>"}
        return NewEmail(**{**given, **values})  # type: ignore[arg-type]

    return make
