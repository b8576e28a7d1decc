"""The operations in README.md work word for word, in their order, on an empty workspace."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from graphql import OperationDefinitionNode, parse

from api.cli.serving.demo_content import fill
from api.graphiql import FIRST_CAMPAIGN
from api.make_runtime import make_runtime
from api.settings import Settings
from plugins.loading.manager import load
from tests import story
from tests.client import Client
from tests.served import NOW

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (
    "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/touchline demo",
    "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/python -m pytest --quick",
)
IDS = {
    "<id of the sender>": ("createSender", "sender"),
    "<id of the campaign>": ("createCampaign", "campaign"),
    "<id of the template Hello>": ("hello", "template"),
    "<id of the template Reminder>": ("reminder", "template"),
    "<id of Ada>": ("ada", "person"),
    "<id of Alan>": ("alan", "person"),
}
"""Where each id of the variables stands in the answers before."""


def blocks(heading: str) -> list[tuple[str, str]]:
    """Return language and text of each code block in a part of README.md."""
    part = README.split(f"{heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```(\w+)\n(.*?)```", part, re.DOTALL)


def first_campaign() -> list[tuple[str, dict[str, Any]]]:
    """Return the operations of the first campaign with their variables, in their order."""
    steps: list[tuple[str, dict[str, Any]]] = []
    for language, text in blocks("## Your first campaign"):
        if language == "graphql":
            steps.append((text, {}))
        else:
            steps[-1] = (steps[-1][0], json.loads(text))
    return steps


def with_ids(value: Any, ids: dict[str, str]) -> Any:
    """Return the variables with ids in place of the texts that say which id belongs there."""
    if isinstance(value, dict):
        return {name: with_ids(each, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [with_ids(each, ids) for each in value]
    return ids.get(value, value)


async def test_the_first_campaign_is_built_word_for_word(client: Client) -> None:
    answers: dict[str, Any] = {}
    for document, variables in first_campaign():
        ids = {text: answers[field][of]["id"] for text, (field, of) in IDS.items() if field in answers}
        for operation in parse(document).definitions:
            assert isinstance(operation, OperationDefinitionNode)
            assert operation.name is not None
            given = {"query": document, "operationName": operation.name.value, "variables": with_ids(variables, ids)}
            headers = {"Authorization": f"Bearer {client.token}"}
            answer = (await client.http.post("/graphql", json=given, headers=headers)).json()
            assert "errors" not in answer, answer
            for field, payload in answer["data"].items():
                assert not isinstance(payload, dict) or payload.get("errors", []) == [], answer
                answers[field] = payload
    assert [[planned["step"] for planned in person["planned"]] for person in answers["launchPreview"]["previews"]] == [
        [1, 2, 3]
    ] * 2
    assert [person["warnings"] for person in answers["launchPreview"]["previews"]] == [[], []]
    assert [each["person"]["email"] for each in answers["launch"]["enrollments"]] == [
        "ada@example.com",
        "alan@example.com",
    ]
    assert {email["step"]["name"] for email in answers["emails"]["nodes"]} == {"Hello", "Reminder"}
    assert all(email["explanation"] for email in answers["emails"]["nodes"])
    assert [task["name"] for task in answers["tasks"]["nodes"]] == ["Call", "Call"]


def test_the_tabs_of_an_empty_workspace_have_the_operations_of_the_readme() -> None:
    paths = sorted(FIRST_CAMPAIGN.glob("*.graphql"))
    tabs = [re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE) for path in paths]
    assert [document for document, _ in first_campaign()] == tabs


def like(value: Any) -> Any:
    """Return an answer with 0 for every digit of its texts, since dates and times differ from run to run."""
    if isinstance(value, dict):
        return {name: like(each) for name, each in value.items()}
    if isinstance(value, list):
        return [like(each) for each in value]
    return re.sub(r"\d+(:\d+)*", "0", value) if isinstance(value, str) else value


async def test_the_first_query_has_the_answer_of_the_readme(client: Client) -> None:
    await fill(make_runtime(Settings.read({}), load({})).context(client.workspace), timedelta(seconds=20))
    await client.ask(story.ADVANCE, to=(NOW + timedelta(minutes=1)).isoformat())
    (_, query), (_, answer) = blocks("# Touchline")
    assert like({"data": await client.ask(query)}) == like(json.loads(answer))


def test_the_first_screen_has_the_picture_and_the_two_commands() -> None:
    screen = README[:2000]
    (picture,) = re.findall(r"!\[.+\]\((.+\.png)\)", screen)
    content = (ROOT / picture).read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) < 300_000
    assert [command for command in COMMANDS if f"```\n{command}\n```" not in screen] == []
