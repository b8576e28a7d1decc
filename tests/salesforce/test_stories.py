"""A few random stories of tasks on both sides, on both databases. ``python -m tests.salesforce.stories`` tells more."""

import pytest

from tests.salesforce.stories import tell


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("number", [3, 26])
async def test_a_random_story_ends_with_both_sides_equal(number: int) -> None:
    assert len(await tell(number, steps=20)) >= 5
