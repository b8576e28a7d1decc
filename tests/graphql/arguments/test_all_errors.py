"""Inputs with several independent mistakes: all are reported in one pass, in the order of the input."""

from typing import Any

import pytest

from api.models import Campaign, ImportRefusal, PeopleImport, Person, Sender, Task, Template, Workspace
from tests import story
from tests.client import Client
from tests.graphql.filled import MUTATIONS
from tests.served import NOW
from tests.services.jobs.claims import claim_import, run_import

CREATE_TASK = "mutation($input: CreateTaskInput!) { createTask(input: $input) { errors { code path } } }"
WORKSPACE = """mutation($input: WorkspaceChanges!) { updateWorkspace(input: $input) { errors { code path } } }"""
CASES: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    (
        "createPerson",
        {"input": {"email": "no", "firstName": "a\nb", "zone": "Mars/Base", "fields": {"ok": "x", "Bad": "x", "n": 5}}},
        [
            *(("INVALID_ADDRESS", "email"), ("INVALID_TEXT", "firstName"), ("INVALID_ZONE", "zone")),
            *(("INVALID_FIELDS", "fields"), ("INVALID_FIELDS", "fields.n")),
        ],
    ),
    (
        "createSender",
        {
            "input": {
                "zone": "x",
                "email": "no",
                "name": "",
                "channel": "pigeon",
                "throttle": {"emails": 0, "seconds": 0},
            }
        },
        [
            *(("REQUIRED", "name"), ("INVALID_ADDRESS", "email"), ("INVALID_ZONE", "zone")),
            *(("CHANNEL_UNKNOWN", "channel"), ("INVALID_THROTTLE", "throttle.emails")),
            ("INVALID_THROTTLE", "throttle.seconds"),
        ],
    ),
    (
        "createTemplate",
        {"input": {"name": "", "subject": "{{ x", "html": "", "text": "{% nope %}", "categoryId": "cat_x"}},
        [
            *(("REQUIRED", "name"), ("INVALID_TEMPLATE", "subject"), ("REQUIRED", "html")),
            *(("INVALID_TEMPLATE", "text"), ("NOT_FOUND", "categoryId")),
        ],
    ),
    (
        "createCampaign",
        {"input": {"senderId": "sdr_x", "name": "", "taskExpiryDays": 999, "inDoubtResends": 9, "categoryId": "cat_x"}},
        [
            *(("REQUIRED", "name"), ("NOT_FOUND", "senderId"), ("NOT_FOUND", "categoryId")),
            *(("INVALID_DAY", "taskExpiryDays"), ("INVALID_RESENDS", "inDoubtResends")),
        ],
    ),
    (
        "setBlockedDomains",
        {"domains": ["ok.example", "no domain", "-", "fine.example"]},
        [("INVALID_DOMAIN", "domains.1"), ("INVALID_DOMAIN", "domains.2")],
    ),
    (
        "createTask",
        {
            "input": {
                **{"type": "CALL", "name": "", "details": "\x00", "personId": "per_x", "assigneeId": "sdr_x"},
                "dueDate": "2020-01-01",
            }
        },
        [
            *(("NOT_FOUND", "personId"), ("NOT_FOUND", "assigneeId"), ("REQUIRED", "name")),
            ("INVALID_TEXT", "details"),
        ],
    ),
]


def places(errors: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["path"])) for error in errors]


@pytest.mark.parametrize(("mutation", "given", "expected"), CASES, ids=[case[0] for case in CASES])
async def test_all_mistakes_are_reported(
    client: Client, mutation: str, given: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    (answer,) = (await client.ask(MUTATIONS.get(mutation, CREATE_TASK), **given)).values()
    assert sorted(places(answer["errors"])) == sorted(expected)
    for model in (Person, Sender, Template, Campaign, Task):
        assert await model.all().count() == 0


async def test_the_lists_of_a_workspace(client: Client) -> None:
    given = {
        "unsubscribeHtml": "<p>no link</p>",
        "callOutcomes": [
            {"name": "A", "answered": True},
            {"name": "", "answered": True},
            {"name": "a", "answered": True},
        ],
        "callReasons": ["x" * 60, "B"],
    }
    errors = (await client.ask(WORKSPACE, input=given))["updateWorkspace"]["errors"]
    assert places(errors) == [
        *(("INVALID_UNSUBSCRIBE_LINE", "unsubscribeHtml"), ("REQUIRED", "callOutcomes.1.name")),
        *(("INVALID_CALL_LIST", "callOutcomes.2"), ("TOO_LONG", "callReasons.0")),
    ]
    assert (await Workspace.get(id=client.workspace.id)).call_reasons is None


async def test_a_step_reports_its_content_and_its_option(client: Client) -> None:
    campaign = await story.campaign(client, await story.sender(client))
    await story.step(client, campaign, day=1, type="CALL")
    given = {"type": "EMAIL", "day": 2, "name": "a\nb", "sendOption": "at_time", "config": {"at": 5, "x": 1}}
    added = (await client.ask(story.ADD_STEP, campaign=campaign, input=given))["addStep"]["errors"]
    assert places(added) == [
        *(("INVALID_TEXT", "name"), ("INVALID_CONFIG", "config.at"), ("INVALID_CONFIG", "config.x")),
        ("TEMPLATE_REQUIRED", "templateId"),
    ]


async def test_a_row_of_an_import_reports_all_its_cells(client: Client) -> None:
    source = "email,zone,city\nada@example.com,Mars/Base,x\nno,Europe/Nowhere,y\nbob@example.com,UTC,z\n,UTC,z\n"
    mutation = "mutation($csv: String!) { importPeople(csv: $csv) { peopleImport { id } errors { code path } } }"
    wrong = (await client.ask(mutation, csv="email,sender_name,email,9x\na@x.org,,,\n"))["importPeople"]["errors"]
    assert [code for code, _ in places(wrong)] == ["CSV_INVALID_COLUMN", "CSV_DUPLICATE_COLUMN", "CSV_INVALID_COLUMN"]
    await client.do(mutation, "peopleImport", csv=source)
    row = await claim_import(NOW)
    assert row is not None
    await run_import(row, lambda: NOW)
    done = await PeopleImport.get()
    assert (done.created, done.failed) == (1, 3)
    refused = await ImportRefusal.all().order_by("row", "id").values_list("row", "column", "code")
    assert refused == [
        *((2, "zone", "INVALID_ZONE"), (3, "email", "INVALID_ADDRESS"), (3, "zone", "INVALID_ZONE")),
        (5, "email", "REQUIRED"),
    ]
