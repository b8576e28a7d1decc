"""What a package declares is read once: a property that breaks later breaks no answer."""

import importlib.metadata
from typing import Any

import pytest

from strategies import Note, SendAt
from strategies.options.at_time import AtTime
from tests import story
from tests.client import Client
from tests.plugins.packages import FakeEntry, Pigeon, channels, options

pytestmark = pytest.mark.usefixtures("quiet")

DECLARED = {
    "key": "later",
    "labels": {"en": "Later", "de": "Später"},
    "help": {"en": "Sends later."},
    "config_schema": {"type": "object", "properties": {"at": {"type": "string"}}},
    "sentences": {"LATER": {"en": "Later than {day}."}},
    "asks_send_at": False,
    "takes_time": True,
    "creates_task": False,
}
BREAKS: dict[str, Any] = {
    "raises": ZeroDivisionError(),
    "exits": SystemExit(3),
    "is None": None,
    "is a number": 7,
    "is huge": {"en": "x" * 5_000_000},
    "is empty": {},
    "is another text": "smtp",
}
OFFERS = """query($campaign: ID!) { sendOptions(campaignId: $campaign, day: 1) {
    key label(language: "de") help languages available reasonCode reason warning configSchema asksSendAt takesTime
    createsTask package } channels { key label(language: "de") supportsCopies configSchema } }"""


def breaking(base: type, values: dict[str, Any], then: Any) -> Any:
    """Return an object whose declarations are right at the first reading, and ``then`` something else."""

    def declared(name: str) -> property:
        readings = iter([1])

        def read(_: Any) -> Any:
            if next(readings, None) is not None:
                return values[name]
            if isinstance(then, BaseException):
                raise then
            return then

        return property(read)

    return type("Breaking", (base,), {name: declared(name) for name in values})()


class Later(AtTime):
    """Sends at half past nine, and says why in a sentence of its own."""

    def validate(self, config: Any) -> None:
        """Take everything."""

    def resolve(self, step: Any) -> SendAt:
        answer = super().resolve(step)
        return SendAt(answer.date, answer.time, (Note("LATER", {"day": "today"}),))


@pytest.fixture(params=list(BREAKS))
def broken_later(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package whose declarations are right once."""
    then = BREAKS[request.param]
    channel = {"key": "pigeon", "labels": DECLARED["labels"], "config_schema": DECLARED["config_schema"]}
    channel |= {"supports_copies": True}
    both = options(breaking(Later, DECLARED, then)) | channels(breaking(Pigeon, channel, then))
    entries = [FakeEntry("loft", both, "loft")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])


@pytest.mark.usefixtures("broken_later")
async def test_declarations_that_break_later(client: Client) -> None:
    made = await story.campaign(client, await story.sender(client))
    for _ in range(2):
        found = await client.ask(OFFERS, campaign=made)
        offer = found["sendOptions"][-1]
        assert offer.pop("available") is True
        assert offer == {
            "key": "later",
            "label": "Später",
            "help": "Sends later.",
            "languages": ["de", "en"],
            "reasonCode": None,
            "reason": None,
            "warning": None,
            "configSchema": DECLARED["config_schema"],
            "asksSendAt": False,
            "takesTime": True,
            "createsTask": False,
            "package": "loft",
        }
        assert found["channels"][-1] == {
            "key": "pigeon",
            "label": "Später",
            "supportsCopies": True,
            "configSchema": DECLARED["config_schema"],
        }
    email = {"type": "EMAIL", "templateId": await story.template(client)}
    await story.step(client, made, day=1, sendOption="later", config={"at": "09:30"}, **email)
    person = await story.person(client, "ada@example.com")
    lines_of = "previews { planned { explanation { sentence } } }"
    query = f"query($input: LaunchInput!) {{ launchPreview(input: $input) {{ {lines_of} }} }}"
    seen = await client.ask(query, input={"campaignId": made, "personIds": [person]})
    lines = [line["sentence"] for line in seen["launchPreview"]["previews"][0]["planned"][0]["explanation"]]
    assert "Later than today." in lines
    launched = await client.do(story.LAUNCH, "enrollments", input={"campaignId": made, "personIds": [person]})
    assert len(launched) == 1
