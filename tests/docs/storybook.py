"""Reads docs/story.md, its documents, variables and answers, and plays it on a server."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import OperationDefinitionNode, OperationType, parse

from tests.client import SECRET, Client
from tests.http.graphql.test_event_streams import opened

STORY = (Path(__file__).parents[2] / "docs" / "story.md").read_text(encoding="utf-8")
SETTINGS = {
    "TOUCHLINE_PUBLIC_URL": "https://touchline.example.com",
    "TOUCHLINE_TRACKING_URL": "https://go.example.com",
    "TOUCHLINE_SECRET": SECRET,
}
"""The settings of the server in the story."""
BLOCK = re.compile(r"^(Variables|Answer|Answers):\n+```json\n(.*?)^```$|^```(graphql|http)\n(.*?)^```$", re.M | re.S)
CSV = re.compile(r"^Answer:\n+```csv\n(.*?)^```$", re.M | re.S)
NAME = re.compile(r"\$\w+")


@dataclass
class Exchange:
    """One document or URL, and its answer. A subscription has several answers."""

    document: str
    variables: dict[str, Any]
    answer: Any
    is_url: bool = False


def read(text: str) -> list[Exchange]:
    """Return the exchanges of the story, in their order."""
    exchanges: list[Exchange] = []
    for block in BLOCK.finditer(text):
        label, content, language, document = block.groups()
        if language == "http":
            table = CSV.search(text, block.end())
            assert table is not None
            exchanges.append(Exchange(document.strip().removeprefix("GET "), {}, table[1], is_url=True))
        elif language:
            exchanges.append(Exchange(document, {}, None))
        elif label == "Variables":
            exchanges[-1].variables = json.loads(content)
        else:
            exchanges[-1].answer = json.loads(content)
    return exchanges


class Names:
    """The names of ids: the first answer that prints a name defines it."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def filled(self, value: Any) -> Any:
        """Return variables, or a URL, with ids in place of names."""
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if not isinstance(value, str):
            return value
        return self.values[value] if value in self.values else NAME.sub(lambda name: self.values[name[0]], value)

    def compared(self, printed: Any, answer: Any) -> Any:
        """Return the answer as the story prints it, if it is equal: with the names of ids, and `…` for tokens."""
        if isinstance(printed, dict) and isinstance(answer, dict):
            return {key: self.compared(printed.get(key), each) for key, each in answer.items()}
        if isinstance(printed, list) and isinstance(answer, list):
            kept = [self.compared(one, other) for one, other in zip(printed, answer, strict=False)]
            return kept + answer[len(kept) :]
        if not isinstance(printed, str) or not isinstance(answer, str):
            return answer
        if NAME.fullmatch(printed):
            return printed if self.values.setdefault(printed, answer) == answer else answer
        pattern = ".+?".join(re.escape(part) for part in printed.split("…"))
        return printed if re.fullmatch(pattern, answer, re.S) else answer


def _kind(document: str) -> OperationType:
    """Return the kind of the one operation in a document."""
    (operation,) = parse(document).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation.operation


async def _answer(rep: Client, told: Exchange, names: Names) -> Any:
    """Send what the story tells, and return what the server answers."""
    if told.is_url:
        found = await rep.http.get(names.filled(told.document), headers={"Authorization": f"Bearer {rep.token}"})
        assert found.status_code == 200, found.text
        return found.content.decode("utf-8-sig").replace("\r\n", "\n")
    variables = names.filled(told.variables)
    if _kind(told.document) is not OperationType.SUBSCRIPTION:
        return {"data": await rep.ask(told.document, **variables)}
    async with opened(rep, told.document, variables) as stream:
        events = [await stream.event() for _ in told.answer]
    return [{"data": result["data"]} for _, result in events]


def _has_key(variables: Any) -> bool:
    """Say whether a request may be repeated, because it has a `key`."""
    return isinstance(variables, dict) and ("key" in variables or any(map(_has_key, variables.values())))


async def play(rep: Client) -> Names:
    """Send every document of the story in its order, and those with a key twice. Returns the ids.

    Each answer must be the printed one.
    """
    names = Names()
    for told in read(STORY):
        for _ in range(2 if _has_key(told.variables) else 1):
            found = await _answer(rep, told, names)
            assert names.compared(told.answer, found) == told.answer, told.document
    return names
