"""Where a refusal points: at the argument of the request, elements of lists by their index."""

from typing import Any

import pytest

from strategies import Availability
from strategies.options.at_time import AtTime
from tests import story
from tests.client import Client
from tests.graphql.filled import MUTATIONS, filled, refused
from tests.graphql.launches.test_start_launch import PREVIEW, START

NINE, BAD = {"step": 1, "time": "09:00"}, "99:00"
ADA = {"personId": "$ada"}

CHOICES: list[tuple[dict[str, Any], str, str]] = [
    ({"times": [{"step": 2, "time": "09:00"}, {"step": 1, "time": BAD}]}, "INVALID_TIME", "times.1.time"),
    ({"times": [NINE, {"step": 5, "time": "09:00"}]}, "STEP_NOT_FOUND", "times.1.step"),
    ({"times": [NINE, {"step": 3, "time": "09:00"}]}, "TIME_NOT_ACCEPTED", "times.1.time"),
    ({"times": [{"step": 2, "time": "09:00"}, NINE, NINE]}, "NAMED_TWICE", "times.2.step"),
    ({"sendAt": "2026-03-01T08:00:00Z"}, "SEND_AT_IN_PAST", "sendAt"),
]
OWN: list[tuple[dict[str, Any], str, str]] = [
    ({"sendAt": "2026-03-01T08:00:00Z"}, "SEND_AT_IN_PAST", "perPerson.1.sendAt"),
    ({"sendAt": "2026-03-04T08:00:00Z", "sendNow": True}, "SEND_AT_AMBIGUOUS", "perPerson.1.sendAt"),
    ({"times": [NINE, {"step": 2, "time": BAD}]}, "INVALID_TIME", "perPerson.1.times.1.time"),
    ({"times": [NINE, {"step": 5, "time": "09:00"}]}, "STEP_NOT_FOUND", "perPerson.1.times.1.step"),
    ({"times": [NINE, {"step": 3, "time": "09:00"}]}, "TIME_NOT_ACCEPTED", "perPerson.1.times.1.time"),
    ({"times": [NINE, NINE]}, "NAMED_TWICE", "perPerson.1.times.1.step"),
    ({"personId": "per_nobody"}, "NOT_FOUND", "perPerson.1.personId"),
    (ADA, "NAMED_TWICE", "perPerson.1.personId"),
]


@pytest.fixture
async def known(client: Client) -> dict[str, str]:
    """Two emails at a time of day, the time of the second again on a later day, and two people."""
    campaign = await story.campaign(client, await story.sender(client))
    email = {"type": "EMAIL", "templateId": await story.template(client)}
    for day in (1, 2):
        await story.step(client, campaign, day=day, sendOption="at_time", config={"at": "09:30"}, **email)
    last = await story.step(client, campaign, day=3, sendOption="same_time_as_previous", **email)
    people = {"$ada": await story.person(client), "$grace": await story.person(client, "grace@example.com")}
    return {"$campaign": campaign, "$last": last} | people


async def test_a_choice_for_all(client: Client, known: dict[str, str]) -> None:
    for given, code, path in CHOICES:
        chosen = filled({"campaignId": "$campaign", "personIds": ["$grace"]} | given, known)
        (started,) = (await client.ask(START, input=chosen))["startLaunch"]["errors"]
        (previewed,) = (await client.ask(PREVIEW, input=chosen))["launchPreview"]["errors"]
        assert (previewed["code"], previewed["path"]) == (code, path.split(".")), given
        for found in (await refused(client, "launch", {"input": chosen}), (started["code"], started["path"])):
            assert found[:2] == (code, path.split(".")), given


async def test_a_choice_for_one_person(client: Client, known: dict[str, str]) -> None:
    for given, code, path in OWN:
        own = [ADA, {"personId": "$grace"} | given]
        chosen = filled({"campaignId": "$campaign", "personIds": ["$grace", "$ada"], "perPerson": own}, known)
        assert (await refused(client, "launch", {"input": chosen}))[:2] == (code, path.split(".")), given


async def test_what_an_edit_does_to_another_step(client: Client, known: dict[str, str]) -> None:
    """The email whose time is taken over goes away, or comes behind: the step that suffers is no argument."""
    campaign, last = known["$campaign"], known["$last"]
    await client.do(MUTATIONS["removeDay"], "errors", id=campaign, day=2)
    found = await client.ask("query($id: ID!) { campaign(id: $id) { steps { id } } }", id=campaign)
    first = found["campaign"]["steps"][0]["id"]
    for mutation, given, path in (
        ("moveDay", {"id": campaign, "to": 4}, "to"),
        ("moveStep", {"id": first, "day": 4}, "day"),
        ("removeStep", {"id": first}, "id"),
        ("removeDay", {"id": campaign, "day": 1}, "day"),
    ):
        told = "Step 1: The first step cannot use this option: it has no previous email."
        assert await refused(client, mutation, given) == ("SEND_OPTION_NOT_AVAILABLE", [path], told), mutation
    moved = await refused(client, "moveStep", {"id": last, "day": 1, "p": 1})
    assert moved == (
        "SEND_OPTION_NOT_AVAILABLE",
        ["day"],
        "The first step cannot use this option: it has no previous email.",
    )


async def test_a_campaign_whose_option_is_offered_no_more(
    client: Client, known: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AtTime, "availability", lambda *_: Availability.refused("Closed."))
    for own in ([], [ADA]):
        chosen = filled({"campaignId": "$campaign", "personIds": ["$ada"], "perPerson": own}, known)
        errors = (await client.ask(story.LAUNCH, input=chosen))["launch"]["errors"]
        assert [(error["code"], error["path"], error["message"]) for error in errors] == [
            ("SEND_OPTION_NOT_AVAILABLE", ["campaignId"], f"Step {number}: Closed.") for number in (1, 2)
        ]


LAUNCH = {"campaignId": "c", "personIds": ["p"]}
OFFSET = {"sendAt": "2026-03-03T09:00:00"}
ADD = "mutation($day: Int!, $name: String!) { addStep(campaignId: 1, input: {day: $day, type: CALL, name: $name}) { errors { code } } }"  # noqa: E501
OURS = """mutation A($x: ID!) { unsubscribe(personId: $x) { errors { code } } }
mutation B($x: ID!) { ...F } fragment F on Mutation { archiveEmail(id: $x) { errors { code } } }"""


@pytest.mark.parametrize(
    ("query", "variables", "path"),
    [
        (story.LAUNCH, {}, "input"),
        (story.LAUNCH, {"input": None}, "input"),
        (story.LAUNCH, {"input": "x at .campaignId: "}, "input"),
        (story.LAUNCH, {"input": {"campaignId": "c"}}, "personIds"),
        (story.LAUNCH, {"input": LAUNCH | {"sendat": "now"}}, "sendat"),
        (story.LAUNCH, {"input": LAUNCH | OFFSET}, "sendAt"),
        (story.LAUNCH, {"input": LAUNCH | {"campaignId": None}}, "campaignId"),
        (story.LAUNCH, {"input": LAUNCH | {"perPerson": [{"personId": "p"}, {"personId": "q"} | OFFSET]}},
         "perPerson.1.sendAt"),
        (story.LAUNCH, {"input": LAUNCH | {"perPerson": [{"personId": "p", "times": [{"step": 1}]}]}},
         "perPerson.0.times.0.time"),
        (story.ADVANCE, {"to": "yesterday"}, "to"),
        (story.ADD_STEP, {"campaign": "c", "input": {"day": 1, "type": "LETTER"}}, "type"),
        (story.ADD_STEP, {"campaign": {}, "input": {"day": 1, "type": "CALL"}}, "campaignId"),
        (ADD, {"day": "one", "name": "x"}, "day"),
        (OURS.split("\n", maxsplit=1)[0], {}, "personId"),
        (OURS.split("\n")[1], {}, "id"),
        ("query($n: Int) { people(first: $n) { totalCount } }", {"n": "x"}, "first"),
        ("query($of: [TaskStatus!]) { tasks(filter: {status: $of}) { totalCount } }", {"of": "LATE"}, "filter.status"),
        ("query($d: Int!) { editPreview(edit: {moveStep: {id: 1, day: $d}}) { people } }", {"d": "x"}, "moveStep.day"),
        ("query($e: EditInput!) { editPreview(edit: $e) { people } }",
         {"e": {"changeStep": {"id": "s", "input": {"priority": "x"}}}}, "changeStep.priority"),
    ],
)  # fmt: skip
async def test_a_value_that_graphql_refuses(client: Client, query: str, variables: dict[str, Any], path: str) -> None:
    (error,) = (await client.raw(query, variables))["errors"]
    assert error["extensions"] == {"code": "INVALID_VALUE", "path": path.split(".")}, error


@pytest.mark.parametrize(
    ("query", "variables", "path"),
    [
        ('mutation { advanceClock(to: "2027-05-01") { errors { code } } }', {}, "to"),
        ('mutation($to: DateTime! = "2027-05-01") { advanceClock(to: $to) { errors { code } } }', {}, "to"),
        ('mutation($to: DateTime = "2027-05-01T00:00:00Z") { advanceClock(to: $to) { errors { code } } }', {"to": None},
         "to"),
        ("mutation { advanceClock { errors { code } } }", {}, "to"),
        ('{ people { totalCount @skip(if: "no") } }', {}, "if"),
        ("query($no: Boolean = false) { people @skip(if: $no) { totalCount } }", {"no": None}, "if"),
        ("query($no: Boolean = false) { people { ... @include(if: $no) { totalCount } } }", {"no": None}, "if"),
        ("{ people { totalCount @include } }", {}, "if"),
        ("{ tasks(filter: {status: LATE}) { totalCount } }", {}, "filter.status"),
        ("mutation { launch(input: {campaignId: 1, personIds: [1, true]}) { errors { code } } }", {}, "personIds.1"),
        ("mutation { launch(input: {campaignId: 1}) { errors { code } } }", {}, "personIds"),
        ("mutation { launch(input: {campaignId: 1, personIds: 1, sendat: 1}) { errors { code } } }", {}, "sendat"),
        ("mutation { launch(input: {campaignId: 1, personIds: 1, times: {step: 1}}) { errors { code } } }", {},
         "times.time"),
        ("mutation { addStep(campaignId: 1, input: {day: 1, type: CALL, config: {a: [1e999]}}) { errors { code } } }",
         {}, "config"),
        ("query($f: Boolean = false) { ...F } fragment F on Query { people { totalCount @skip(if: $f) } }", {"f": None},
         "if"),
    ],
)  # fmt: skip
async def test_a_value_in_the_document(client: Client, query: str, variables: dict[str, Any], path: str) -> None:
    (error,) = (await client.raw(query, variables))["errors"]
    assert error["extensions"] == {"code": "INVALID_VALUE", "path": path.split(".")}, error
    assert error["locations"]


async def test_several_fields_are_missing_and_unknown(client: Client) -> None:
    wrong = {"day": "x", "kind": "CALL", "name": 5, "note": ""}
    for query, variables in (
        (story.ADD_STEP, {"campaign": "c", "input": wrong}),
        ('mutation { addStep(campaignId: 1, input: {day: "x", kind: 1, name: 5, note: ""}) { errors { code } } }', {}),
    ):
        errors = (await client.raw(query, variables))["errors"]
        found = [error["extensions"]["path"] for error in errors]
        assert sorted(found) == [["day"], ["kind"], ["name"], ["note"], ["type"]]
        assert all(
            f"'{path[0]}'" in error["message"]
            for path, error in zip(found, errors, strict=True)
            if path[0] in {"kind", "note", "type"}
        )
