"""What the tests of the job runner share: seven people, and jobs that take several chunks for them."""

import pytest

from api.services.campaigns.pausing import pause_job, pausing
from api.services.launches.background import background_enrolling
from api.services.people import imports
from tests.services.world import World, make_world


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Seven people with a campaign. Imports, launches and pauses do two people in a chunk."""
    monkeypatch.setattr(imports, "ROWS_PER_CHUNK", 2)
    monkeypatch.setattr(background_enrolling, "PEOPLE_PER_CHUNK", 2)
    monkeypatch.setattr(pause_job, "PEOPLE_HELD_PER_CHUNK", 2)
    monkeypatch.setattr(pausing, "CHUNKS_OF_A_CALLER", 1)
    return await make_world(7)
