"""Values that no form would send: half characters, NULs, numbers without end, empty and endless texts."""

from typing import Any

import pytest

from api.graphql.arguments import argument_paths
from api.services.common.inputs import inputs
from strategies import Refusal
from tests import story
from tests.client import Client
from tests.graphql.filled import MUTATIONS, filled, ids, refused, rows

HALF, LONG = "\ud800", "x" * 200_001
CALL = {"day": 4, "type": "CALL"}
EMAIL = {"day": 4, "type": "EMAIL", "templateId": "$template", "sendOption": "at_time"}
LAUNCH = {"campaignId": "$campaign", "personIds": ["$person"]}
SENDER = {"name": "N", "email": "n@example.com", "zone": "Europe/Berlin"}
TEMPLATE = {"name": "N", "subject": "S", "html": "<p>x</p>"}


def add(content: dict[str, Any]) -> dict[str, Any]:
    """Return the variables of addStep."""
    return {"campaign": "$campaign", "input": content}


CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("launch", {"input": LAUNCH | {"personIds": [HALF]}}, "NOT_FOUND", "personIds.0"),
    ("launch", {"input": LAUNCH | {"personIds": ["$person", "a\x00b"]}}, "NOT_FOUND", "personIds.1"),
    ("launch", {"input": LAUNCH | {"perPerson": [{"personId": HALF}]}}, "NOT_FOUND", "perPerson.0.personId"),
    ("launch", {"input": LAUNCH | {"perPerson": [{"personId": "$worker"}]}}, "NOT_FOUND", "perPerson.0.personId"),
    ("launch", {"input": LAUNCH | {"times": [{"step": -5, "time": "09:00"}]}}, "STEP_NOT_FOUND", "times.0.step"),
    ("launch", {"input": LAUNCH | {"times": [{"step": 1, "time": HALF}]}}, "INVALID_TIME", "times.0.time"),
    (
        "launch",
        {"input": LAUNCH | {"campaignId": "$running", "personIds": ["$worker"]}},
        "ALREADY_ENROLLED",
        "personIds.0",
    ),
    (
        "launch",
        {"input": LAUNCH | {"campaignId": "$afterCall", "times": [{"step": 1, "time": "09:00"}]}},
        "TIME_NOT_ACCEPTED",
        "times.0.time",
    ),
    ("addStep", add(CALL | {"config": "x"}), "INVALID_CONFIG", "config"),
    ("addStep", add(CALL | {"config": [1]}), "INVALID_CONFIG", "config"),
    ("addStep", add(CALL | {"config": {HALF: "\x00"}}), "INVALID_CONFIG", "config"),
    ("addStep", add(EMAIL | {"config": 0}), "INVALID_CONFIG", "config"),
    ("addStep", add(EMAIL | {"config": False}), "INVALID_CONFIG", "config"),
    ("addStep", add(EMAIL | {"config": {"at": 9.5}}), "INVALID_CONFIG", "config.at"),
    ("addStep", add(EMAIL | {"config": {"at": "09:30", HALF: 1}}), "INVALID_CONFIG", "config.?"),
    ("addStep", add(EMAIL | {"config": {"at": [[["09:30"]]]}}), "INVALID_CONFIG", "config.at"),
    ("addStep", add(EMAIL | {"config": {"at": LONG}}), "TOO_LONG", "config.at"),
    ("addStep", add(EMAIL | {"config": {"at": LONG[:10_000]}}), "INVALID_CONFIG", "config.at"),
    ("addStep", add(CALL | {"sendOption": HALF}), "SEND_OPTION_NOT_AVAILABLE", "sendOption"),
    ("addStep", add(CALL | {"templateId": "$template"}), "TEMPLATE_NOT_AVAILABLE", "templateId"),
    ("addStep", add(CALL | {"followUp": True}), "FOLLOW_UP_NOT_AVAILABLE", "followUp"),
    ("addStep", add(CALL | {"name": "x" * 201}), "TOO_LONG", "name"),
    ("addStep", add(CALL | {"notes": LONG}), "TOO_LONG", "notes"),
    ("addStep", add(CALL | {"notes": "a\x00b"}), "INVALID_TEXT", "notes"),
    ("addStep", add(EMAIL | {"config": {"at": "09:30"}, "subject": "{{"}), "INVALID_TEMPLATE", "subject"),
    ("addStep", add(EMAIL | {"config": {"at": "09:30"}, "subject": "{{ x | y }}"}), "INVALID_TEMPLATE", "subject"),
    ("changeStep", {"id": "$step", "input": {"templateId": None}}, "TEMPLATE_REQUIRED", "templateId"),
    ("changeStep", {"id": "$step", "input": {"sendOption": None}}, "SEND_OPTION_REQUIRED", "sendOption"),
    ("changeStep", {"id": "$step", "input": {"name": None}}, "REQUIRED", "name"),
    ("changeStep", {"id": "$step", "input": {"config": None}}, "INVALID_CONFIG", "config.at"),
    ("moveStep", {"id": "$step", "day": 1, "p": -1}, "INVALID_POSITION", "position"),
    ("moveStep", {"id": "$step", "day": 366}, "INVALID_DAY", "day"),
    ("moveDay", {"id": "$campaign", "to": 0}, "INVALID_DAY", "to"),
    ("moveDay", {"id": "$asks", "to": 2}, "SEND_OPTION_NOT_AVAILABLE", "to"),
    ("moveDay", {"id": "$running", "to": 5}, "CAMPAIGN_RUNNING", "campaignId"),
    ("removeStep", {"id": "$used"}, "CAMPAIGN_RUNNING", "id"),
    ("removeDay", {"id": "$running", "day": 1}, "CAMPAIGN_RUNNING", "day"),
    ("moveStep", {"id": "$used", "day": 2}, "CAMPAIGN_RUNNING", "id"),
    ("createSender", {"input": SENDER | {"channel": HALF}}, "CHANNEL_UNKNOWN", "channel"),
    ("createSender", {"input": SENDER | {"channelConfig": []}}, "INVALID_CONFIG", "channelConfig"),
    ("createSender", {"input": SENDER | {"zone": "../../etc/passwd"}}, "INVALID_ZONE", "zone"),
    ("createSender", {"input": SENDER | {"name": "N\r\nBcc: x@example.com"}}, "INVALID_TEXT", "name"),
    ("updateSender", {"id": "$sender", "input": {"zone": None}}, "REQUIRED", "zone"),
    ("updateSender", {"id": "$sender", "input": {"channel": None}}, "CHANNEL_UNKNOWN", "channel"),
    ("createTemplate", {"input": TEMPLATE | {"html": LONG}}, "TOO_LONG", "html"),
    ("createTemplate", {"input": TEMPLATE | {"html": "<div>" * 3_000 + "x"}}, "TEMPLATE_LIMIT", "html"),
    ("createTemplate", {"input": TEMPLATE | {"html": "{% if a %}" * 5_000}}, "TEMPLATE_LIMIT", "html"),
    ("createTemplate", {"input": TEMPLATE | {"text": "a\x00b"}}, "INVALID_TEXT", "text"),
    ("createTemplate", {"input": TEMPLATE | {"name": ""}}, "REQUIRED", "name"),
    ("createCategory", {"name": "x" * 201}, "TOO_LONG", "name"),
    ("importPeople", {"csv": f"email\n{HALF}@example.com"}, "INVALID_TEXT", "csv"),
    ("importPeople", {"csv": 'email\n"' + LONG}, "CSV_INVALID", "csv"),
    ("importPeople", {"csv": "email,ελληνικά\na@example.com,b"}, "CSV_INVALID_COLUMN", "csv"),
    ("sendTask", {"id": "$emailTask", "html": ""}, "REQUIRED", "html"),
    ("sendTask", {"id": "$emailTask", "html": "<script>x</script>"}, "REQUIRED", "html"),
    ("sendTask", {"id": "$emailTask", "html": "<div>" * 3_000 + "x"}, "TEMPLATE_LIMIT", "html"),
    ("sendTask", {"id": "$emailTask", "subject": " "}, "REQUIRED", "subject"),
    ("sendTask", {"id": "$emailTask", "at": "2026-03-01T00:00:00Z"}, "SEND_AT_IN_PAST", "at"),
    ("recordBounce", {"id": "$enrollment", "email": HALF}, "NOT_FOUND", "emailId"),
    ("recordBounce", {"id": "$enrollment", "email": "$email"}, "NOTHING_SENT", "emailId"),
    ("recordBounce", {"id": "$enrollment", "detail": HALF}, "INVALID_TEXT", "detail"),
    ("recordBounce", {"id": "$enrollment", "detail": "a\nb"}, "INVALID_TEXT", "detail"),
    ("recordBounce", {"id": "$enrollment", "detail": "x" * 501}, "TOO_LONG", "detail"),
    ("archiveEmail", {"id": "$email"}, "NOT_SENT", "id"),
    ("resolveInDoubt", {"id": "$email"}, "NOT_IN_DOUBT", "id"),
    ("setBlockedDomains", {"domains": [HALF]}, "INVALID_DOMAIN", "domains.0"),
    ("setBlockedDomains", {"domains": ["a@b.com"]}, "INVALID_DOMAIN", "domains.0"),
    ("advanceClock", {"to": "2999-01-01T00:00:00Z"}, "INVALID_INSTANT", "to"),
]


async def test_a_bad_value_is_told_and_nothing_is_written(client: Client, stranger: Client) -> None:
    known = await ids(client, stranger)
    steps = (await story.progress(client, known["$enrollment"]))["progress"]
    known["$used"] = steps[0]["step"]["id"]
    before, wrong = await rows(), []
    for mutation, variables, code, path in CASES:
        found = await refused(client, mutation, filled(variables, known))
        if found[:2] != (code, [known.get(part, part) for part in path.split(".")]) or not 15 < len(found[2]) < 600:
            wrong.append((mutation, str(variables)[:200], code, path, found))
        elif await rows() != before:
            wrong.append((mutation, str(variables)[:200], "something was written"))
            before = await rows()
    assert wrong == []


OF_ROWS = {
    "updatePerson": "$person",
    "updateSender": "$sender",
    "updateTemplate": "$template",
    "updateCampaign": "$campaign",
    "changeStep": "$step",
    "removeStep": "$step",
    "completeTask": "$emailTask",
    "skipTask": "$emailTask",
    "sendTask": "$emailTask",
    "retrySend": "$email",
    "archiveEmail": "$email",
    "resolveInDoubt": "$email",
    "recordReply": "$enrollment",
    "recordBounce": "$enrollment",
    "clearBounce": "$person",
    "endEnrollment": "$enrollment",
    "unsubscribe": "$person",
    "endCampaign": "$campaign",
}


async def test_a_row_of_another_workspace_answers_as_if_there_were_none(client: Client, stranger: Client) -> None:
    known = await ids(client, stranger)
    before = await rows()
    for mutation, name in OF_ROWS.items():
        answers = []
        for row in (known[name], f"{known[name][:4]}{'0' * 26}", "\ud800", "a\x00b", ""):
            given = {"id": row} | ({"input": {}} if "$input" in MUTATIONS[mutation] else {})
            code, path, message = await refused(stranger, mutation, given)
            answers.append((code, path, message.replace(repr(row), "…")))
        assert answers[0][0] == "NOT_FOUND", mutation
        assert answers == answers[:1] * 5, mutation
    assert await rows() == before


HUGE = "9" * 100_000


async def test_a_refusal_repeats_only_the_beginning_of_a_value(client: Client, stranger: Client) -> None:
    known = await ids(client, stranger)
    for mutation, variables in (
        ("createSender", {"input": SENDER | {"channel": HUGE}}),
        ("createSender", {"input": SENDER | {"zone": HUGE}}),
        ("createSender", {"input": SENDER | {"email": HUGE}}),
        ("createSender", {"input": SENDER | {"channelConfig": {HUGE: HUGE}}}),
        ("addStep", add(EMAIL | {"sendOption": HUGE})),
        ("addStep", add(EMAIL | {"config": {"at": HUGE}})),
        ("addStep", add(EMAIL | {"config": {"at": [HUGE]}})),
        ("addStep", add(EMAIL | {"config": {"at": "09:30", HUGE: 1}})),
        ("addStep", add(EMAIL | {"config": HUGE})),
        ("createTemplate", {"input": TEMPLATE | {"html": f"{{{{ x | a{HUGE} }}}}"}}),
        ("createTemplate", {"input": TEMPLATE | {"html": f"{{% a{HUGE} %}}"}}),
        ("launch", {"input": LAUNCH | {"times": [{"step": 1, "time": HUGE}]}}),
        ("launch", {"input": LAUNCH | {"campaignId": HUGE}}),
        ("launch", {"input": LAUNCH | {"sendAt": HUGE}}),
        ("launch", {"input": LAUNCH | {HUGE: HUGE}}),
        ("setBlockedDomains", {"domains": [HUGE]}),
    ):
        _, path, told = await refused(client, mutation, filled(variables, known))
        assert len(told) <= 1_000, mutation
        assert sum(map(len, path)) < 100, mutation
        assert told.count("9") <= 300 or told.startswith("Variable"), told
    answer = await client.raw(f'{{ people(first: "{HUGE[:60_000]}") {{ totalCount }} }}')
    assert answer["errors"][0]["message"] == "This text can have 1,000 characters; it has 60,000."


async def test_a_configuration_is_refused_in_words_for_people(client: Client, stranger: Client) -> None:
    known = await ids(client, stranger)
    about = "Time of day in the person's time zone: HH:MM or HH:MM:SS (24 hours)."
    for given, told in (
        ({"at": "25:00"}, f'"25:00" is not valid. {about}'),
        ({"at": LONG[:10_000]}, f'"{"x" * 59}… is not valid. {about}'),
        ({"at": 9}, f'9 is not of type "string". {about}'),
        ({}, '"at" is a required property.'),
    ):
        _, _, found = await refused(client, "addStep", filled(add(EMAIL | {"config": given}), known))
        assert found == told


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (lambda path: inputs.line(" ", path), "{} must not be empty."),
        (lambda path: inputs.line("abc", path, limit=2), "{} can have 2 characters; this has 3."),
        (lambda path: inputs.text("abc", path, limit=2), "{} can have 2 characters; this has 3."),
    ],
)
def test_a_refusal_of_an_element_names_its_list(check: Any, told: str) -> None:
    for path, name in (
        (("input", "name"), "name"),
        (("callReasons", "3"), "callReasons[3]"),
        (("0",), "0"),
        (("edits", "0", "name"), "name"),
    ):
        with pytest.raises(Refusal) as found:
            check(path)
        assert found.value.message == told.format(name)


@pytest.mark.parametrize(
    "query",
    [
        "query($x: String) { people(filter: {email: $x}) { totalCount } }",
        "query($x: ID) { enrollments(filter: {campaignId: $x}) { totalCount } }",
        "query($x: ID) { enrollments(filter: {personId: $x}) { totalCount } }",
    ],
)
@pytest.mark.parametrize("value", ["\ud800", "a\x00b", "%", "_", "\\"])
async def test_a_filter_that_nothing_can_match_finds_nothing(
    client: Client, stranger: Client, query: str, value: str
) -> None:
    await ids(client, stranger)
    assert [found["totalCount"] for found in (await client.ask(query, x=value)).values()] == [0]


@pytest.mark.parametrize(
    ("day", "position", "code"), [(0, 1, "INVALID_DAY"), (1, 0, "INVALID_POSITION"), (1, 99, "INVALID_POSITION")]
)
async def test_offers_are_made_for_places_that_exist(
    client: Client, stranger: Client, day: int, position: int, code: str
) -> None:
    known = await ids(client, stranger)
    query = "query($id: ID!, $d: Int!, $p: Int) { sendOptions(campaignId: $id, day: $d, position: $p) { key } }"
    answer = await client.raw(query, {"id": known["$campaign"], "d": day, "p": position})
    assert answer["errors"][0]["extensions"]["code"] == code


async def test_many_wrong_values_are_told_at_once(client: Client) -> None:
    names = [f"v{number}" for number in range(60)]
    fields = " ".join(f"{name}: emails(first: ${name}) {{ pageInfo {{ endCursor }} }}" for name in names)
    argument_paths._parts.cache_clear()
    query = f"query({' '.join(f'${name}: Int!' for name in names)}) {{ {fields} }}"
    errors = (await client.raw(query, dict.fromkeys(names, "no")))["errors"]
    assert {tuple(error["extensions"].get("path", ())) for error in errors[:50]} == {("first",)}
    assert argument_paths._parts.cache_info().misses == 1, "the document is read once"
