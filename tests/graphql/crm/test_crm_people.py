"""People of a CRM, logging and failed writes through HTTP, against a local Salesforce."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from api.background_jobs import JOB_KINDS
from api.clock import system_clock
from api.crm_states import CrmState
from api.models import CrmChange, CrmConnection, Enrollment, Job, Person, Suppression, Workspace
from api.services.common.crm_environment import CrmEnvironment
from api.services.common.encryption import Encryption
from api.services.common.metrics import Metrics
from api.services.common.request_context import WorkspaceContext
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.store.crm.numbers import crm_numbers
from plugins.loading.manager import load
from tests import story
from tests.client import OPERATOR
from tests.graphql.crm.crm_world import ENVIRONMENT, PUBLIC_URL, World, running
from tests.salesforce.errors import ApiError
from tests.salesforce.rest_sources import ListView, Report
from tests.services.crm.stub_crm import KEY

PERSON = "person { id email crm { remoteId kind url matchedBy problem optedOut } }"
LINK = f"""mutation ($p: ID!, $r: String!) {{ linkCrmPerson(personId: $p, remoteId: $r) {{
  {PERSON} errors {{ code path message }} }} }}"""
UNSUBSCRIBE = "mutation ($p: ID!) { unsubscribe(personId: $p) { person { id } errors { code } } }"
FAILED = "{ events(filter: {kinds: [CRM_WRITE_FAILED]}) { nodes { sentence } } }"
UNLINK = f"mutation ($p: ID!) {{ unlinkCrmPerson(personId: $p) {{ {PERSON} errors {{ code path message }} }} }}"
ADD = """mutation ($c: ID!, $r: [String!]!) { addCrmPeopleToCampaign(campaignId: $c, remoteIds: $r, sendNow: true) {
  enrollments { person { email crm { remoteId kind matchedBy } } }
  refused { objectId error { code path message } } errors { code path message } } }"""
IMPORT = """mutation ($s: CrmSourceInput!) { importCrmPeople(source: $s) {
  peopleImport { id status total crmSource { kind reference isRead isCut } } errors { code path message } } }"""
SHOW_IMPORT = """query ($id: ID!) { peopleImport(id: $id) { status problem total created updated failed suppressed
  refusals { nodes { row code } } } }"""
FAILURES = """query ($f: CrmFailureFilter, $o: CrmFailureOrder) { crmFailures(filter: $f, orderBy: $o) {
  nodes { id kind objectId code category message whatToDo detail attempts failedAt nextRetryAt
    object { __typename id } }
  totalCount } }"""
RETRY = """mutation ($ids: [ID!], $f: CrmFailureFilter) { retryCrmWrites(ids: $ids, filter: $f) {
  done refused { objectId error { code path } } errors { code path message } } }"""
CREATE_CALL = "mutation ($i: CreateTaskInput!) { createTask(input: $i) { task { id } errors { code message } } }"
COMPLETE = """mutation ($id: ID!) { completeTask(id: $id, outcome: "Connected", note: "Went well.") {
  task { id } errors { code message } } }"""
SETTINGS = """mutation ($s: CrmSettingsChanges!) { updateCrmSettings(crm: "salesforce", input: $s) {
  errors { code path message } } }"""


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with running(database_url) as made:
        assert (await made.connect(clientCredentials=made.credentials))["errors"] == []
        yield made


async def work(world: World) -> None:
    """Run background jobs until all of them wait."""
    environment = CrmEnvironment(Encryption((KEY,)), PUBLIC_URL, allows_loopback=True)

    def context(of: Workspace) -> WorkspaceContext:
        return WorkspaceContext(of, load(ENVIRONMENT), system_clock, lambda: None, crm=environment)

    await Job.all().update(lease_until=None)
    runner = JobRunner(JOB_KINDS, JobRuntime(context, system_clock), Metrics())
    while await runner.run_next():
        pass
    await runner.close()


def lead(world: World, address: str, **more: Any) -> str:
    return world.salesforce.org.create("Lead", {"LastName": "Lovelace", "Company": "Acme", "Email": address, **more})


def contact(world: World, address: str, **more: Any) -> str:
    return world.salesforce.org.create("Contact", {"LastName": "Byron", "Email": address, **more})


async def test_a_person_is_linked_by_hand_and_a_converted_lead_is_followed(world: World) -> None:
    client = world.client
    ada, bob = await story.person(client, "ada@example.com"), await story.person(client, "bob@example.com")
    first = lead(world, "other@example.com")
    person = await client.do(LINK, "person", p=ada, r=first[:15])
    assert (person["crm"]["remoteId"], person["crm"]["kind"], person["crm"]["matchedBy"]) == (first, "LEAD", "MANUAL")
    assert person["crm"]["url"].endswith(first) or first in person["crm"]["url"]
    became = world.salesforce.org.convert(first)
    person = await client.do(LINK, "person", p=ada, r=first)
    assert (person["crm"]["remoteId"], person["crm"]["kind"]) == (became, "CONTACT")
    refused = {
        "CRM_PERSON_LINKED": (LINK, {"p": bob, "r": became}, ["remoteId"]),
        "CRM_PERSON_UNKNOWN": (LINK, {"p": bob, "r": "00Q5g00000000ZZ"}, ["remoteId"]),
        "REQUIRED": (LINK, {"p": bob, "r": " "}, ["remoteId"]),
        "NOT_FOUND": (LINK, {"p": "per_none", "r": became}, ["personId"]),
    }
    for code, (mutation, variables, path) in refused.items():
        (payload,) = (await client.ask(mutation, **variables)).values()
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, path)]
    person = await client.do(UNLINK, "person", p=ada)
    assert (person["crm"]["remoteId"], person["crm"]["problem"]) == (None, "CRM_PERSON_UNLINKED")
    kinds = await client.ask("{ events(last: 3) { nodes { kind sentence } } }")
    assert [node["kind"] for node in kinds["events"]["nodes"]].count("CRM_PERSON_LINKED") == 2


async def test_people_are_added_to_a_campaign_by_their_ids(world: World) -> None:
    client = world.client
    campaign = await story.campaign(client, await story.sender(client))
    await story.step(client, campaign, day=1, type="EMAIL", sendOption="choose_at_launch",
                     templateId=await story.template(client))  # fmt: skip
    known = await story.person(client, "known@example.com")
    ids = [
        lead(world, "Ada@example.com", FirstName="Ada"),
        contact(world, "known@example.com"),
        lead(world, "no@example.com", HasOptedOutOfEmail=True),
        lead(world, ""),
        "00Q5g00000000ZZ",
    ]
    (payload,) = (await client.ask(ADD, c=campaign, r=[*ids, ids[0]])).values()
    assert payload["errors"] == []
    people = {each["person"]["email"]: each["person"]["crm"]["remoteId"] for each in payload["enrollments"]}
    assert {email.lower(): record for email, record in people.items()} == {
        "ada@example.com": ids[0], "known@example.com": ids[1],
    }  # fmt: skip
    refused = [(each["objectId"], each["error"]["code"], each["error"]["path"]) for each in payload["refused"]]
    assert refused == [
        (ids[2], "UNSUBSCRIBED", ["remoteIds", "2"]),
        (ids[3], "CRM_PERSON_NO_ADDRESS", ["remoteIds", "3"]),
        (ids[4], "CRM_PERSON_UNKNOWN", ["remoteIds", "4"]),
    ]
    assert await Suppression.filter(email_key="no@example.com", source="CRM").count() == 1
    assert await Enrollment.filter(person_id=known).count() == 1
    (payload,) = (await client.ask(ADD, c=campaign, r=ids[:2])).values()
    assert [each["error"]["code"] for each in payload["refused"]] == ["ALREADY_ENROLLED"] * 2
    (payload,) = (await client.ask(ADD, c=campaign, r=[])).values()
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("REQUIRED", ["remoteIds"])]
    (error,) = (await client.raw(ADD, {"c": campaign, "r": [ids[0]] * 201}))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["path"]) == ("TOO_LONG", ["remoteIds"])
    # What concerns the campaign is refused before a person is created and before Salesforce is asked.
    people, calls = await Person.all().count(), world.salesforce.api_used
    new = lead(world, "new@example.com")
    empty = await story.campaign(client, await story.sender(client, email="h@example.com"))
    for wrong, code in (("cmp_none", "NOT_FOUND"), (empty, "NO_STEPS")):
        (payload,) = (await client.ask(ADD, c=wrong, r=[new])).values()
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, ["campaignId"])]
    assert (await Person.all().count(), world.salesforce.api_used) == (people, calls)


@pytest.mark.parametrize("kind", ["REPORT", "LIST_VIEW", "QUERY"])
async def test_people_are_imported_and_linked(world: World, kind: str) -> None:
    client = world.client
    ids = [lead(world, f"p{number}@example.com", FirstName=f"P{number}") for number in range(3)]
    ids += [lead(world, "p0@example.com"), lead(world, "", FirstName="None"),
            lead(world, "no@example.com", HasOptedOutOfEmail=True)]  # fmt: skip
    sources = world.salesforce.sources
    reference = {
        "REPORT": lambda: sources.add_report(Report("Leads", ids)),
        "LIST_VIEW": lambda: sources.add_list_view(ListView("Leads", "Lead", ids)),
        "QUERY": lambda: "SELECT Id FROM Lead ORDER BY CreatedDate",
    }[kind]()
    row = await client.do(IMPORT, "peopleImport", s={"kind": kind, "reference": reference})
    assert (row["total"], row["crmSource"]["kind"], row["crmSource"]["isRead"]) == (6, kind, True)
    await work(world)
    shown = (await client.ask(SHOW_IMPORT, id=row["id"]))["peopleImport"]
    assert (shown["status"], shown["problem"], shown["created"], shown["updated"], shown["failed"]) == (
        "FINISHED", None, 4, 1, 1,
    )  # fmt: skip
    assert (shown["suppressed"], shown["refusals"]["nodes"]) == (1, [{"row": 6, "code": "REQUIRED"}])
    people = await client.ask("{ people { nodes { email crm { remoteId matchedBy } } } }")
    found = {each["email"]: each["crm"] for each in people["people"]["nodes"]}
    assert found["p0@example.com"] == {"remoteId": ids[0], "matchedBy": "IMPORT"}
    assert found["p2@example.com"]["remoteId"] == ids[2]
    # The person keeps the record, whatever the addresses become.
    world.salesforce.org.update(ids[1], {"Email": "changed@example.com"})
    await client.do(IMPORT, "peopleImport", s={"kind": kind, "reference": reference})
    await work(world)
    assert await Person.filter(email="changed@example.com").count() == 0


async def test_a_wrong_source_is_refused(world: World) -> None:
    for source, code in (
        ({"kind": "QUERY", "reference": "SELECT nothing"}, None),
        ({"kind": "REPORT", "reference": "00O5g00000000ZZEAA"}, None),
        ({"kind": "QUERY", "reference": " "}, "REQUIRED"),
        ({"kind": "QUERY", "reference": "SELECT Id FROM Lead"}, "CRM_SOURCE_EMPTY"),
    ):
        (payload,) = (await world.client.ask(IMPORT, s=source)).values()
        (error,) = payload["errors"]
        assert error["path"] == ["source", "reference"], error
        assert code is None or error["code"] == code
    connection = await world.show()
    assert (connection["state"], connection["problem"]) == ("CONNECTED", None)


async def test_failed_writes_are_shown_retried_and_dropped(world: World) -> None:
    client = world.client
    assert (await client.ask(SETTINGS, s={"logEmails": True, "onNoMatch": "CREATE_LEAD"}))["updateCrmSettings"][
        "errors"
    ] == []
    for number in range(2):
        contact(world, f"p{number}@example.com")
    task = await story.person(client, "p0@example.com")

    def rule(name: str, values: dict[str, Any], _: dict[str, Any] | None) -> None:
        if name == "Contact":
            raise ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No changes today.")

    world.salesforce.org.rules.append(rule)
    await client.do(
        "mutation ($p: ID!) { unsubscribe(personId: $p) { person { id } errors { code } } }", "person", p=task
    )
    await work(world)
    (failure,) = (await client.ask(FAILURES))["crmFailures"]["nodes"]
    assert (failure["kind"], failure["code"], failure["category"], failure["attempts"]) == (
        "OPT_OUT", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "VALIDATION", 1,
    )  # fmt: skip
    assert failure["object"]["__typename"] == "Suppression"
    assert "No changes today." in failure["detail"]
    assert failure["message"]
    assert failure["whatToDo"]
    assert failure["nextRetryAt"] is None
    for chosen, count in (
        ({"category": ["VALIDATION"]}, 1), ({"category": ["INTERMITTENT"]}, 0), ({"kind": ["TASK"]}, 0),
        ({"code": [failure["code"]], "waitsForUser": True}, 1), ({"waitsForUser": False}, 0),
        ({"objectId": failure["objectId"]}, 1), ({"category": []}, 0),
    ):  # fmt: skip
        found = (await client.ask(FAILURES, f=chosen, o={"field": "FAILED_AT", "direction": "ASC"}))["crmFailures"]
        assert (found["totalCount"], len(found["nodes"])) == (count, count), chosen
    (event,) = (await client.ask(FAILED))["events"]["nodes"]
    assert event["sentence"].startswith("The CRM rejected a change")
    page = (await client.http.get("/metrics", headers=OPERATOR)).text
    for line in (
        'touchline_crm_waiting{kind="OPT_OUT",state="FAILED"} 1.0',
        'touchline_crm_failed{category="VALIDATION"} 1.0',
        'touchline_crm_connections{state="CONNECTED"} 1.0',
        "touchline_crm_oldest_seconds 0.0",
    ):
        assert f"{line}\n" in page
    await CrmConnection.all().update(state=CrmState.DISCONNECTED)  # what is kept then needs nobody's attention
    numbers = await crm_numbers(system_clock())
    assert (numbers.changes, numbers.failures, numbers.oldest_seconds) == ({}, {}, 0)
    await CrmConnection.all().update(state=CrmState.CONNECTED)
    world.salesforce.org.rules.clear()
    (payload,) = (await client.ask(RETRY, ids=[failure["id"], "TASK:tsk_none"])).values()
    assert payload["done"] == [failure["id"]]
    assert payload["refused"] == [{"objectId": "TASK:tsk_none", "error": {"code": "NOT_FOUND", "path": ["ids", "1"]}}]
    await work(world)
    assert (await client.ask(FAILURES))["crmFailures"]["nodes"] == []
    assert await CrmChange.all().count() == 0
    records = world.salesforce.org.tables["Contact"].values()
    assert {each["Email"]: each["HasOptedOutOfEmail"] for each in records}["p0@example.com"]


async def test_a_call_is_logged_with_its_outcome(world: World) -> None:
    client = world.client
    org = world.salesforce.org
    (payload,) = (
        await client.ask(SETTINGS, s={"logCalls": True, "subjectPattern": "{{call_outcome}}: {{bad}}"})
    ).values()
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [
        ("INVALID_SUBJECT_PATTERN", ["subjectPattern"])
    ]
    pattern = "{{activity_type}} {{call_outcome}}/{{call_reason}}: {{activity_subject}}"
    await client.ask(SETTINGS, s={"logCalls": True, "subjectPattern": pattern})
    who = contact(world, "ada@example.com")
    person = await story.person(client, "ADA@example.com")
    made = await client.do(CREATE_CALL, "task", i={"personId": person, "assigneeId": await story.sender(client),
        "type": "CALL", "name": "Call Ada", "dueDate": "2199-03-02"})  # fmt: skip
    await client.do(COMPLETE, "task", id=made["id"])
    await work(world)
    (task,) = org.tables["Task"].values()
    assert (task["Subject"], task["Status"], task["WhoId"], task["Type"]) == (
        "Call Connected/: Call Ada", "Completed", who, "Call",
    )  # fmt: skip
    assert task["Touchline_Id__c"] == f"log-{made['id']}"
    assert task["Description"].startswith("Went well.")
    await Job.all().update(lease_until=None)
    await work(world)
    assert len(org.tables["Task"]) == 1


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(("rule", "chosen"), [("OLDEST", 0), ("LAST_CHANGED", 1), ("SKIP", None)])
async def test_one_of_several_contacts_is_chosen_by_the_setting(
    world: World, rule: str, chosen: int | None, database_kind: str
) -> None:
    client, org = world.client, world.salesforce.org
    await client.ask(SETTINGS, s={"logCalls": True, "onDuplicates": rule})
    ids = [contact(world, "ada@example.com") for _ in range(3)]
    org.clock.skew = timedelta(minutes=1)
    org.update(ids[1], {"FirstName": "Augusta"})
    org.clock.skew = timedelta()
    person = await story.person(client, "ada@example.com")
    made = await client.do(CREATE_CALL, "task", i={"personId": person, "assigneeId": await story.sender(client),
        "type": "CALL", "name": "Call Ada", "dueDate": "2199-03-02"})  # fmt: skip
    await client.do(COMPLETE, "task", id=made["id"])
    await work(world)
    assert [task["WhoId"] for task in org.records("Task")] == ([] if chosen is None else [ids[chosen]])
