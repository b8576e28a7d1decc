"""Installed packages in the API, and a campaign whose send option's package is gone."""

import importlib.metadata
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.clock import system_clock
from api.services.campaigns.option_problems import report_missing_options
from api.services.common.request_context import WorkspaceContext
from api.services.jobs.job_kind import JobRuntime
from api.services.plugin_health.breaker import FIRST_PAUSE
from api.services.plugin_health.faults import fault_of_limit, two_answers
from api.services.plugin_health.recording import record_faults
from api.worker_processes.limits import Limit, Limits
from plugins.loading.contract_version import CONTRACT_VERSION
from plugins.loading.manager import load
from strategies import Reads
from tests import story
from tests.client import Client, new_client, serving
from tests.plugins.packages import FakeEntry, Pigeon, Quick, channels, options
from tests.served import NOW

pytestmark = pytest.mark.usefixtures("quiet")
SECRET = "PIGEON_TOKEN=hunter2 in /srv/loft/settings.py"
PLUGINS = "{ contractVersion plugins { package version module contract state reason registered { kind key } } }"
OFFERS = "query($id: ID!) { sendOptions(campaignId: $id, day: 1) { key package version contract reads } }"
HEALTH = """query($id: ID!, $input: LaunchInput!) {
  campaign(id: $id) { sendOptionProblems { code sentence values } }
  plugins { registered { kind key health { ...All } } }
  sendOptions(campaignId: $id, day: 1, position: 1) { key health { ...All } }
  launchPreview(input: $input) { previews { warnings { code sentence values } } } }
fragment All on PluginHealth { state faultCode faultSentence faultAt nextTryAt }"""
UNFAILED = {"state": "OK", "faultCode": None, "faultSentence": None, "faultAt": None, "nextTryAt": None}
PAUSED = "query($id: ID!) { campaign(id: $id) { sendOptionProblems { code values } } }"
PROBLEMS = """query($id: ID!, $input: LaunchInput!) {
  campaign(id: $id) { sendOptionProblems { code sentence values } }
  launchPreview(input: $input) { acceptedCount errors { code message path } }
  events(first: 1) { nodes { kind rawKind sentence campaign { id } data } } }"""
Install = Callable[..., None]


class Reader(Quick):
    key = "reader"
    reads = (Reads.HISTORY, Reads.RECIPIENT_ZONE)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install packages for the servers that start later."""

    def install(**packages: Any) -> None:
        entries = [FakeEntry(name, contents, f"{name}_module") for name, contents in packages.items()]
        monkeypatch.setattr(
            importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else []
        )

    return install


async def test_packages_and_why_they_were_left_out(database_url: str, install: Install) -> None:
    install(
        loft=options(Quick(), Reader()) | channels(Pigeon()) | {"touchline_contract": "1.0"},
        owl=options(Quick()) | {"touchline_contract": "2.0"},
        raven=RuntimeError(SECRET),
    )
    async with serving(database_url) as http:
        client = await new_client(http, NOW)
        answer = await client.ask(PLUGINS)
        assert answer["contractVersion"] == CONTRACT_VERSION
        own = [plugin for plugin in answer["plugins"] if plugin["package"] == "touchline"]
        assert {plugin["state"] for plugin in own} == {"LOADED"}
        entries = [entry for plugin in own for entry in plugin["registered"]]
        assert {"kind": "SEND_OPTION", "key": "at_time"} in entries
        assert {entry["kind"] for entry in entries} == {"SEND_OPTION", "CHANNEL", "MAILBOX", "WEBHOOK", "CRM"}
        left_out = {"version": "1.2", "state": "LEFT_OUT", "registered": []}
        assert answer["plugins"][len(own) :] == [
            {
                "package": "loft",
                "version": "1.2",
                "module": "loft_module",
                "contract": "1.0",
                "state": "LOADED",
                "reason": None,
                "registered": [
                    {"kind": "SEND_OPTION", "key": "quick"},
                    {"kind": "SEND_OPTION", "key": "reader"},
                    {"kind": "CHANNEL", "key": "pigeon"},
                ],
            },
            left_out
            | {
                "package": "owl",
                "module": "owl_module",
                "contract": "2.0",
                "reason": "it needs contract 2.0, and this server has contract 1.0. Update Touchline, or install an "
                "older version of the package.",
            },
            left_out
            | {
                "package": "raven",
                "module": "raven_module",
                "contract": None,
                "reason": "importing raven_module raised RuntimeError.",
            },
        ]
        campaign = await story.campaign(client, await story.sender(client))
        offers = (await client.ask(OFFERS, id=campaign))["sendOptions"]
        assert offers[-2] == {"key": "quick", "package": "loft", "version": "1.2", "contract": "1.0", "reads": []}
        assert offers[-1]["reads"] == ["RECIPIENT_ZONE", "HISTORY"], "in the order of the enum"
        assert {offer["contract"] for offer in offers} == {CONTRACT_VERSION}


async def test_a_campaign_says_that_its_option_fails(
    database_url: str, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install(loft=options(Quick()))
    async with serving(database_url) as http:
        client = await new_client(http, NOW)
        campaign = await story.campaign(client, await story.sender(client))
        email = {"type": "EMAIL", "templateId": await story.template(client)}
        for option in ("quick", "task"):
            await story.step(client, campaign, day=1, sendOption=option, **email)
        person = await story.person(client)
        given = {"id": campaign, "input": {"campaignId": campaign, "personIds": [person]}}

        async def look() -> tuple[dict[str, Any], list[dict[str, Any]]]:
            found = await client.ask(HEALTH, **given)
            offers = {each["key"]: each["health"] for each in found["sendOptions"]}
            entries = [entry for plugin in found["plugins"] for entry in plugin["registered"]]
            assert {entry["key"]: entry["health"] for entry in entries if entry["kind"] == "SEND_OPTION"} == offers
            assert {entry["key"]: entry["health"] for entry in entries if entry["health"] is None} == {
                entry["key"]: None for entry in entries if entry["kind"] not in ("SEND_OPTION", "CHANNEL", "WEBHOOK")
            }
            assert [entry["health"] for entry in entries if entry["kind"] == "CHANNEL"] == [UNFAILED] * 3
            problems = found["campaign"]["sendOptionProblems"]
            (preview,) = found["launchPreview"]["previews"]
            assert [warning for warning in preview["warnings"] if warning in problems] == problems
            assert offers["task"] == UNFAILED
            return offers["quick"], problems

        assert await look() == (UNFAILED, [])
        now = system_clock().replace(microsecond=0)
        await record_faults("quick", "loft", [two_answers()], now)
        health, (problem,) = await look()
        last = {"faultCode": "NOT_DETERMINISTIC", "faultSentence": "It gave two answers to the same question."}
        at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        assert health == last | {"state": "FAILING", "faultAt": at, "nextTryAt": None}
        values = {"step": 1, "option": "quick", "package": "loft"}
        assert (problem["code"], problem["values"]) == (
            "SEND_OPTION_FAILING",
            values | {"fault": last["faultSentence"]},
        )
        assert "has failed in the last hour. It gave two answers to the same question." in problem["sentence"]
        with caplog.at_level("CRITICAL", "touchline.options"):
            await record_faults("quick", "loft", [fault_of_limit(Limit.TIME, Limits(), "resolve()")] * 3, now)
        found = (await client.ask(PAUSED, id=campaign))["campaign"]["sendOptionProblems"]
        until = now + FIRST_PAUSE
        assert found == [{"code": "SEND_OPTION_STOPPED", "values": values | {"until": f"{until:%Y-%m-%d %H:%M:%S}"}}]


async def restarted(http: httpx.AsyncClient, client: Client) -> Client:
    """Return the client after a start with other packages, whose tick loop has reported what is missing."""

    def context(workspace: Any) -> WorkspaceContext:
        return WorkspaceContext(workspace, load({}), lambda: NOW, lambda: None)

    await report_missing_options(JobRuntime(context, lambda: NOW))
    return replace(client, http=http)


async def test_a_campaign_says_that_its_option_is_gone(database_url: str, install: Install) -> None:
    install(loft=options(Quick()))
    async with serving(database_url) as http:
        client = await new_client(http, NOW)
        campaign = await story.campaign(client, await story.sender(client))
        email = {"type": "EMAIL", "templateId": await story.template(client)}
        await story.step(client, campaign, day=1, sendOption="quick", **email)
        people = [await story.person(client, f"{name}@example.com") for name in ("ada", "bob")]
        await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": people[:1]})
        given = {"id": campaign, "input": {"campaignId": campaign, "personIds": people[1:]}}
        assert (await client.ask(PROBLEMS, **given))["campaign"]["sendOptionProblems"] == []
    install(loft=RuntimeError(SECRET))
    for _ in range(2):
        async with serving(database_url) as http:
            client = await restarted(http, client)
            found = await client.ask(PROBLEMS, **given)
            (problem,) = found["campaign"]["sendOptionProblems"]
            assert (problem["code"], problem["values"]) == ("SEND_OPTION_MISSING", {"step": 1, "option": "quick"})
            assert problem["sentence"].startswith("Step 1: the send option quick is not installed. Until it is, nobod")
            (error,) = found["launchPreview"]["errors"]
            assert (error["code"], error["path"]) == ("SEND_OPTION_UNKNOWN", ["campaignId"])
            assert error["message"].startswith("Step 1: No send option 'quick' is installed.")
            assert found["launchPreview"]["acceptedCount"] == 0
    assert found["events"]["nodes"] == [
        {
            "kind": "SEND_OPTION_MISSING",
            "rawKind": "SEND_OPTION_MISSING",
            "sentence": "The campaign “Spring” uses a send option that is not installed: quick.",
            "campaign": {"id": campaign},
            "data": {"option": "quick"},
        }
    ]
    install(loft=options(Quick()))
    async with serving(database_url) as http:
        found = await (await restarted(http, client)).ask(PROBLEMS, **given)
        assert found["campaign"]["sendOptionProblems"] == []
        assert found["launchPreview"] == {"acceptedCount": 1, "errors": []}
        assert found["events"]["nodes"][0]["sentence"] == (
            "A send option of the campaign “Spring” is installed again: quick."
        )
