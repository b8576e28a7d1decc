"""Who does what an event reports, and the sentence of an event."""

from typing import Any

import pytest

from api.background_jobs import JOB_KINDS
from api.codes.events.event_kinds import EventKind
from api.models import Event, Job
from api.services.common.metrics import Metrics
from api.services.common.request_context import WorkspaceContext
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.workspaces.tokens import issue_token
from api.store import jobs
from api.store.engine.transactions import transaction
from api.store.events.event_actor import acting, acting_for, acting_source
from api.store.events.events import Line, write
from plugins.loading.manager import load
from tests import story
from tests.client import Client
from tests.served import NOW
from tests.services.jobs.runners import until_idle

EVENTS = """{ events(first: 200) { nodes { kind data sentence german: sentence(language: "de") actor { kind name }
  person { email } } } }"""


async def events(client: Client, **data: Any) -> dict[str, dict[str, Any]]:
    """Return the newest event of each kind."""
    found = (await client.ask(EVENTS))["events"]["nodes"]
    return {each["kind"]: each for each in reversed(found)}


async def test_the_server_and_tokens_act(client: Client, campaign: str) -> None:
    found = await events(client)
    assert found["CAMPAIGN_LAUNCHED"]["actor"] == {"kind": "TOKEN", "name": "test"}
    await client.do("""mutation($to: DateTime!) { advanceClock(to: $to) { dispatched errors { code } } }""",
                    "dispatched", to="2026-03-02T12:00:00Z")  # fmt: skip
    assert (await events(client))["EMAIL_SENT"]["actor"] == {"kind": "SERVER", "name": None}
    ada = Client(client.http, await issue_token(client.workspace, "Ada: sales", NOW), client.workspace)
    assert (await ada.ask("{ viewer { name } }")) == {"viewer": {"name": "Ada: sales"}}
    person = await story.person(client, "x@example.com")
    await ada.ask("mutation($id: ID!) { unsubscribe(personId: $id) { errors { code } } }", id=person)
    found = await events(client)
    assert found["UNSUBSCRIBED"]["actor"] == {"kind": "TOKEN", "name": "Ada: sales"}


@pytest.mark.parametrize(
    ("source", "kind", "data", "actor"),
    [
        ("webhook:sendgrid", EventKind.BOUNCED, "{}", ("PROVIDER", "sendgrid")),
        ("webhook:ses:EU", EventKind.REPLIED, "{}", ("PERSON", None)),
        ("imap:SALES", EventKind.BOUNCED, "{}", ("MAILBOX", "imap:SALES")),
        ("imap:SALES", EventKind.AUTO_REPLIED, "{}", ("MACHINE", None)),
        ("tracking", EventKind.OPENED, "{}", ("PERSON", None)),
        ("tracking", EventKind.CLICKED, '{"machine": "FAST"}', ("MACHINE", None)),
        ("sandbox:wsp_1", EventKind.BOUNCED, "{}", ("PROVIDER", "sandbox")),
    ],
)
async def test_answers_have_actors(
    client: Client, source: str, kind: EventKind, data: str, actor: tuple[str, str | None]
) -> None:
    with acting(*acting_source(source)):
        async with transaction():
            await write([Line(client.workspace.id, kind, NOW, data=data)])
    found = (await events(client))[kind]
    assert (found["actor"]["kind"], found["actor"]["name"]) == actor


async def test_an_old_event_has_no_actor_and_a_package_a_sentence(client: Client) -> None:
    person = await story.person(client, "ada@example.com")
    await Event.create(id="evt_1", workspace_id=client.workspace.id, kind="ACME", at=NOW, data={}, person_id=person)
    assert (await events(client))["OTHER"] == {
        "kind": "OTHER",
        "data": {},
        "sentence": "ACME: an event of Ada Lovelace.",
        "german": "ACME: ein Ereignis zu Ada Lovelace.",
        "actor": None,
        "person": {"email": "ada@example.com"},
    }


async def test_a_job_acts_for_the_client_who_has_started_it(client: Client, campaign: str) -> None:
    ada = Client(client.http, await issue_token(client.workspace, "Ada", NOW), client.workspace)
    person = await story.person(client, "bulk@example.com")
    start = """mutation($input: StartLaunchInput!) { startLaunch(input: $input) { launch { id }
      errors { code message } } }"""
    await ada.do(start, "launch", input={"campaignId": campaign, "personIds": [person], "sendNow": True})
    assert {job.actor for job in await Job.filter(finished_at=None)} == {"TOKEN:Ada"}
    erase = "mutation($id: ID!) { erasePerson(id: $id) { errors { code } } }"
    runtime = JobRuntime(lambda of: WorkspaceContext(of, load({}), lambda: NOW, lambda: None), lambda: NOW)
    runner = JobRunner(JOB_KINDS, runtime, Metrics())
    await until_idle(runner)
    found = await events(client)
    for kind in ("CAMPAIGN_LAUNCHED", "LAUNCH_FINISHED"):
        assert found[kind]["actor"] == {"kind": "TOKEN", "name": "Ada"}, kind
    await client.ask(erase, id=person)
    await until_idle(runner)
    assert (await events(client))["PERSON_ERASED"]["actor"] == {"kind": "TOKEN", "name": "test"}
    with acting_for("TOKEN:Ada"):
        await jobs.start("TEST", client.workspace.id, "x", NOW)
    await jobs.start("TEST", client.workspace.id, "x", NOW)
    assert {job.actor for job in await Job.filter(kind="TEST")} == {None}
