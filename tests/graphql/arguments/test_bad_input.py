"""Whatever a client gets wrong is answered with a code, a sentence and a path; and nothing is written."""

from typing import Any

import pytest

from tests import story
from tests.client import Client
from tests.graphql.filled import MUTATIONS, filled, ids, refused, rows
from tests.served import NOW

EMAIL = {"day": 3, "type": "EMAIL", "templateId": "$template"}
AT = EMAIL | {"sendOption": "at_time"}
PERSON = {"email": "new@example.com"}
SENDER = {"name": "N", "email": "n@example.com", "zone": "Europe/Berlin"}
TEMPLATE = {"name": "N", "subject": "S", "html": "<p>x</p>"}
LAUNCH = {"campaignId": "$campaign", "personIds": ["$person"]}

NO_CONTENT = {"day": 3, "type": "EMAIL", "sendOption": "task"}
CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("createPerson", {"input": PERSON | {"zone": "Europe/Berlln"}}, "INVALID_ZONE", "zone"),
    ("createPerson", {"input": {"email": "a@x.com, b@x.com"}}, "INVALID_ADDRESS", "email"),
    ("createPerson", {"input": {"email": "a@x.com\r\nBcc: b@x.com"}}, "INVALID_ADDRESS", "email"),
    ("createPerson", {"input": {"email": "ADA@example.com"}}, "PERSON_EXISTS", "email"),
    ("createPerson", {"input": PERSON | {"firstName": "\ud800"}}, "INVALID_TEXT", "firstName"),
    ("createPerson", {"input": PERSON | {"lastName": "a\r\nBcc: x"}}, "INVALID_TEXT", "lastName"),
    ("createPerson", {"input": PERSON | {"title": "x" * 201}}, "TOO_LONG", "title"),
    ("createPerson", {"input": PERSON | {"fields": [1]}}, "INVALID_FIELDS", "fields"),
    ("createPerson", {"input": PERSON | {"fields": {"First Name": "x"}}}, "INVALID_FIELDS", "fields"),
    ("createPerson", {"input": PERSON | {"fields": {"city": 5}}}, "INVALID_FIELDS", "fields.city"),
    ("createPerson", {"input": PERSON | {"fields": {"city": "\x00"}}}, "INVALID_TEXT", "fields.city"),
    ("updatePerson", {"id": "per_nobody", "input": {}}, "NOT_FOUND", "id"),
    ("updatePerson", {"id": "\ud800", "input": {}}, "NOT_FOUND", "id"),
    ("updatePerson", {"id": "$foreign", "input": {"firstName": "Eve"}}, "NOT_FOUND", "id"),
    ("updatePerson", {"id": "$person", "input": {"email": None}}, "REQUIRED", "email"),
    ("importPeople", {"csv": ""}, "CSV_NO_EMAIL_COLUMN", "csv"),
    ("importPeople", {"csv": "email\n"}, "CSV_EMPTY", "csv"),
    ("importPeople", {"csv": "name\nAda"}, "CSV_NO_EMAIL_COLUMN", "csv"),
    ("importPeople", {"csv": "email,email\na@x.com,b@x.com"}, "CSV_DUPLICATE_COLUMN", "csv"),
    ("importPeople", {"csv": "email,sender_name\na@x.com,b"}, "CSV_INVALID_COLUMN", "csv"),
    ("createSender", {"input": SENDER | {"zone": "CET+1"}}, "INVALID_ZONE", "zone"),
    ("createSender", {"input": SENDER | {"channel": "pigeon"}}, "CHANNEL_UNKNOWN", "channel"),
    ("createSender", {"input": SENDER | {"channelConfig": {"x": 1}}}, "INVALID_CONFIG", "channelConfig.x"),
    ("createSender", {"input": SENDER | {"name": " "}}, "REQUIRED", "name"),
    ("createSender", {"input": SENDER | {"email": "grace@example.com"}}, "SENDER_EXISTS", "email"),
    ("createTemplate", {"input": TEMPLATE | {"subject": "a\r\nBcc: b"}}, "INVALID_TEXT", "subject"),
    ("createTemplate", {"input": TEMPLATE | {"subject": "{{ first_name"}}, "INVALID_TEMPLATE", "subject"),
    ("createTemplate", {"input": TEMPLATE | {"html": "{% if %}"}}, "INVALID_TEMPLATE", "html"),
    ("createTemplate", {"input": TEMPLATE | {"html": "{{ first_name | frob }}"}}, "INVALID_TEMPLATE", "html"),
    ("createTemplate", {"input": TEMPLATE | {"text": "{% include 'x' %}"}}, "INVALID_TEMPLATE", "text"),
    ("createTemplate", {"input": TEMPLATE | {"html": "<script></script>"}}, "REQUIRED", "html"),
    ("createTemplate", {"input": TEMPLATE | {"html": "{% assign a = 1 %}"}}, "REQUIRED", "html"),
    ("createTemplate", {"input": TEMPLATE | {"categoryId": "cat_none"}}, "NOT_FOUND", "categoryId"),
    ("updateTemplate", {"id": "$template", "input": {"subject": "a\nb"}}, "INVALID_TEXT", "subject"),
    ("createCategory", {"name": ""}, "REQUIRED", "name"),
    ("createCampaign", {"input": {"name": "", "senderId": "$sender"}}, "REQUIRED", "name"),
    ("createCampaign", {"input": {"name": "N", "senderId": "sdr_none"}}, "NOT_FOUND", "senderId"),
    (
        "createCampaign",
        {"input": {"name": "N", "senderId": "$sender", "taskExpiryDays": -1}},
        "INVALID_DAY",
        "taskExpiryDays",
    ),
    ("updateCampaign", {"id": "$campaign", "input": {"name": None}}, "REQUIRED", "name"),
    ("updateCampaign", {"id": "$campaign", "input": {"skipWeekends": None}}, "REQUIRED", "skipWeekends"),
    ("addStep", {"campaign": "$campaign", "input": AT | {"config": {"at": "25:00"}}}, "INVALID_CONFIG", "config.at"),
    ("addStep", {"campaign": "$campaign", "input": AT | {"config": {"at": "09:30\n"}}}, "INVALID_CONFIG", "config.at"),
    ("addStep", {"campaign": "$campaign", "input": AT | {"config": []}}, "INVALID_CONFIG", "config"),
    ("addStep", {"campaign": "$campaign", "input": AT | {"config": "x"}}, "INVALID_CONFIG", "config"),
    ("addStep", {"campaign": "$campaign", "input": AT}, "INVALID_CONFIG", "config.at"),
    ("addStep", {"campaign": "$campaign", "input": AT | {"config": {"at": "09:30"}, "day": 0}}, "INVALID_DAY", "day"),
    ("addStep", {"campaign": "$campaign", "input": {"day": -5, "type": "CALL"}}, "INVALID_DAY", "day"),
    ("addStep", {"campaign": "$campaign", "input": {"day": 2**31 - 1, "type": "CALL"}}, "INVALID_DAY", "day"),
    (
        "addStep",
        {"campaign": "$campaign", "input": {"day": 1, "type": "CALL", "position": 99}},
        "INVALID_POSITION",
        "position",
    ),
    (
        "addStep",
        {"campaign": "$campaign", "input": EMAIL | {"sendOption": "by_pigeon"}},
        "SEND_OPTION_UNKNOWN",
        "sendOption",
    ),
    ("addStep", {"campaign": "$campaign", "input": EMAIL}, "SEND_OPTION_REQUIRED", "sendOption"),
    ("addStep", {"campaign": "$campaign", "input": NO_CONTENT}, "TEMPLATE_REQUIRED", "templateId"),
    (
        "addStep",
        {"campaign": "$campaign", "input": EMAIL | {"sendOption": "choose_at_launch"}},
        "SEND_OPTION_NOT_AVAILABLE",
        "sendOption",
    ),
    (
        "addStep",
        {"campaign": "$afterCall", "input": EMAIL | {"sendOption": "task", "followUp": True}},
        "FOLLOW_UP_NOT_AVAILABLE",
        "followUp",
    ),
    (
        "addStep",
        {"campaign": "$afterCall", "input": EMAIL | {"sendOption": "same_time_as_previous"}},
        "NO_EARLIER_EMAIL",
        "sendOption",
    ),
    (
        "addStep",
        {"campaign": "$campaign", "input": AT | {"config": {"at": "09:30"}, "subject": "a\nb"}},
        "INVALID_TEXT",
        "subject",
    ),
    ("addStep", {"campaign": "$foreignCampaign", "input": {"day": 1, "type": "CALL"}}, "NOT_FOUND", "campaignId"),
    ("changeStep", {"id": "$step", "input": {"config": {"at": "9:30"}}}, "INVALID_CONFIG", "config.at"),
    (
        "changeStep",
        {"id": "$step", "input": {"sendOption": "task", "config": {"at": "09:30"}}},
        "INVALID_CONFIG",
        "config.at",
    ),
    ("moveStep", {"id": "$step", "day": 0}, "INVALID_DAY", "day"),
    ("removeDay", {"id": "$campaign", "day": 9}, "DAY_NOT_FOUND", "day"),
    ("launch", {"input": LAUNCH | {"personIds": []}}, "NO_PEOPLE", "personIds"),
    ("launch", {"input": LAUNCH | {"personIds": ["per_nobody"]}}, "NOT_FOUND", "personIds.0"),
    ("launch", {"input": LAUNCH | {"personIds": ["$person", "$foreign"]}}, "NOT_FOUND", "personIds.1"),
    ("launch", {"input": LAUNCH | {"personIds": ["$person", "$person"]}}, "NAMED_TWICE", "personIds.1"),
    ("launch", {"input": LAUNCH | {"times": [{"step": 1, "time": "09:00"}] * 2}}, "NAMED_TWICE", "times.1.step"),
    ("launch", {"input": LAUNCH | {"perPerson": [{"personId": "$person"}] * 2}}, "NAMED_TWICE", "perPerson.1.personId"),
    ("launch", {"input": LAUNCH | {"personIds": ["$gone"]}}, "UNSUBSCRIBED", "personIds.0"),
    ("launch", {"input": LAUNCH | {"campaignId": "$empty"}}, "NO_STEPS", "campaignId"),
    ("launch", {"input": LAUNCH | {"sendAt": "2026-03-01T08:00:00Z"}}, "SEND_AT_IN_PAST", "sendAt"),
    ("launch", {"input": LAUNCH | {"sendAt": "9999-01-01T08:00:00Z"}}, "INVALID_INSTANT", "sendAt"),
    ("launch", {"input": LAUNCH | {"sendAt": "2026-03-03T08:00:00Z", "sendNow": True}}, "SEND_AT_AMBIGUOUS", "sendAt"),
    ("launch", {"input": LAUNCH | {"times": [{"step": 1, "time": "25:00"}]}}, "INVALID_TIME", "times.0.time"),
    ("launch", {"input": LAUNCH | {"times": [{"step": 7, "time": "09:00"}]}}, "STEP_NOT_FOUND", "times.0.step"),
    ("launch", {"input": LAUNCH | {"campaignId": "$asks"}}, "SEND_AT_REQUIRED", "sendAt"),
    (
        "launch",
        {"input": LAUNCH | {"perPerson": [{"personId": "$person", "sendAt": "2026-03-01T08:00:00Z"}]}},
        "SEND_AT_IN_PAST",
        "perPerson.0.sendAt",
    ),
    ("completeTask", {"id": "tsk_none"}, "NOT_FOUND", "id"),
    ("sendTask", {"id": "$callTask"}, "NOT_AN_EMAIL_TASK", "id"),
    ("sendTask", {"id": "$emailTask", "subject": "a\r\nb"}, "INVALID_TEXT", "subject"),
    ("retrySend", {"id": "$email"}, "NOT_UNDELIVERED", "id"),
    ("recordReply", {"id": "enr_none"}, "NOT_FOUND", "enrollmentId"),
    ("recordBounce", {"id": "$enrollment"}, "NOTHING_SENT", "enrollmentId"),
    ("clearBounce", {"id": "$foreign"}, "NOT_FOUND", "personId"),
    ("endEnrollment", {"id": "enr_none"}, "NOT_FOUND", "id"),
    ("unsubscribe", {"id": "$foreign"}, "NOT_FOUND", "personId"),
    ("endCampaign", {"id": "$foreignCampaign"}, "NOT_FOUND", "id"),
    ("advanceClock", {"to": "2026-03-02T06:00:00Z"}, "CLOCK_GOES_FORWARD", "to"),
    ("setBlockedDomains", {"domains": ["example.com", "no domain"]}, "INVALID_DOMAIN", "domains.1"),
    (
        "addStep",
        {"campaign": "$running", "input": {"day": 1, "position": 1, "type": "CALL"}},
        "CAMPAIGN_RUNNING",
        "campaignId",
    ),
    (
        "updateCampaign",
        {"id": "$running", "input": {"useRecipientZone": True}},
        "CAMPAIGN_RUNNING",
        "useRecipientZone",
    ),
]


async def test_bad_input_is_told_and_nothing_is_written(client: Client, stranger: Client) -> None:
    known = await ids(client, stranger)
    before = await rows()
    wrong = []
    for mutation, variables, code, path in CASES:
        found = await refused(client, mutation, filled(variables, known))
        if found[:2] != (code, [known.get(part, part) for part in path.split(".")]) or len(found[2]) < 15:
            wrong.append((mutation, variables, code, path, found))
        elif await rows() != before:
            wrong.append((mutation, variables, "something was written"))
            before = await rows()
    assert wrong == []


DONE_ONCE = ("completeTask", "skipTask", "sendTask")


@pytest.mark.parametrize("first", DONE_ONCE)
async def test_a_task_is_done_once(client: Client, stranger: Client, first: str) -> None:
    known = await ids(client, stranger)
    task = known["$emailTask"]
    await client.do(MUTATIONS[first], "errors", id=task)
    before = await rows()
    for second in DONE_ONCE:
        code, path, _ = await refused(client, second, {"id": task})
        assert (code, path) == ("TASK_NOT_OPEN", ["id"])
    assert await rows() == before


async def test_a_real_workspace_keeps_real_time(client: Client) -> None:
    client.workspace.sandbox, client.workspace.virtual_now = False, None
    await client.workspace.save()
    answer = await client.raw(story.ADVANCE, {"to": NOW.isoformat()})
    assert answer["data"]["advanceClock"]["errors"][0]["code"] == "NOT_A_SANDBOX"


@pytest.mark.parametrize("instant", ["2026-03-02T08:00:00", "yesterday", "", "2026-13-01T00:00:00Z"])
async def test_an_instant_needs_an_offset(client: Client, instant: str) -> None:
    answer = await client.raw(story.ADVANCE, {"to": instant})
    assert "2026-03-02T08:30:00Z" in answer["errors"][0]["message"]
