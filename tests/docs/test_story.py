"""docs/story.md works word for word: its documents run in their order, and each answer is the printed one."""

import pytest

from tests.client import Client
from tests.docs.storybook import SETTINGS, STORY, Names, play, read


@pytest.fixture
def environment() -> dict[str, str]:
    """The settings of the server in the story."""
    return SETTINGS


async def test_the_story_is_true_word_for_word(rep: Client) -> None:
    names = await play(rep)
    assert {"$campaign", "$call", "$followUp"} <= names.values.keys()


def test_every_document_of_the_story_has_an_answer() -> None:
    exchanges = read(STORY)
    assert len(exchanges) == STORY.count("```graphql") + STORY.count("```http") > 25
    assert [told.document for told in exchanges if not told.answer] == []
    blocks = sum(1 + bool(told.variables) for told in exchanges)
    assert STORY.count("```json") + STORY.count("```csv") == blocks


def test_an_answer_that_differs_is_seen() -> None:
    names = Names()
    assert names.compared({"id": "$ada"}, {"id": "per_1"}) == {"id": "$ada"}
    assert names.filled({"ids": ["$ada"], "url": "/people?id=$ada"}) == {"ids": ["per_1"], "url": "/people?id=per_1"}
    for printed, found in (
        ("$ada", "per_2"),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": 1}, {"a": 1, "b": 2}),
        (["a"], ["a", "b"]),
        (["a", "b"], ["a"]),
        ("https://…/x", "https://a/y"),
        (1, 2),
        (None, "per_1"),
    ):
        assert names.compared(printed, found) != printed
