"""Hostile templates through HTTP: refused with a code, and never read in the server's own process."""

import asyncio
from typing import Any

import pytest

from api.models import Template
from api.services.templates import rendering
from api.worker_processes.limits import Limits, WorkersBusyError
from tests import story
from tests.client import Client
from tests.graphql.templates.test_templates import COMPOSITION, CREATE
from tests.parsing import watch

GUARD = 60.0
"""Seconds after which a request is taken for hung."""
HOSTILE = {
    "loops of sorted ranges": (
        '{% if first_name != "1" %}{% for i in (1..999) %}{{ (1..4000000) | sort | size }}{% endfor %}{% endif %}'
    ),
    "nine times replace": '{{ "aaaaaaaaaa"' + ' | replace: "a", "aaaaaaaaaa"' * 9 + " }}",
    "join": "{{ (1..100000000) | join }}",
    "reversed": "{% for i in (1..100000000) reversed %}x{% endfor %}",
    "strip_html": '{{ "' + "<!--" * 40_000 + '" | strip_html }}',
    "spaces behind a field": "{{- a -}}" + " " * 190_000,
    "raw": "{% raw %}" * 20_000,
    "braces": "{{" * 10_000,
    "fields": "{{a}}" * 40_000,
    "spaces in a paragraph": "<p>" + " \t" * 99_000,
    "block quotes": "<blockquote>" * 250 + "x<br>" * 35_000 + "</blockquote>" * 250,
    "lists": "<ul><li>" * 22_000,
    "elements": "<div>" * 40_000,
    "elsif": "{% if a %}" + "{% elsif a %}" * 14_000 + "{% endif %}",
    "doubling": "{% assign a = 'x' %}" + "{% assign a = a | append: a %}" * 60 + "{{ a }}",
}
REFUSED = {"TEMPLATE_LIMIT", "INVALID_TEMPLATE", "INVALID_HTML"}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_template_is_answered_and_holds_up_nobody(
    client: Client, stranger: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = watch(monkeypatch)
    given = {"name": "T", "subject": "x", "html": HOSTILE[name]}
    async with asyncio.timeout(GUARD):
        saving = asyncio.create_task(client.ask(CREATE, input=given))
        meanwhile = 0
        while not saving.done():
            assert (await stranger.raw("{ workspace { name } }"))["data"]
            meanwhile += 1
        made = (await saving)["createTemplate"]
    assert meanwhile
    assert not [source for source in here if len(source) > 20_000 or "{%" in source]
    if made["template"] is None:
        assert {error["code"] for error in made["errors"]} <= REFUSED
        assert not await Template.filter(workspace_id=client.workspace.id).exists()


async def test_a_template_that_takes_too_long_is_refused_with_a_sentence(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "CHECK_LIMITS", Limits(output_bytes=20_000))
    html = "{% for i in (1..900) %}A sentence of forty characters, or so. {% endfor %}"
    given = {"name": "T", "subject": "x", "html": html + "A sentence. " * 3_000}
    (error,) = (await client.ask(CREATE, input=given))["createTemplate"]["errors"]
    assert (error["code"], error["path"]) == ("TEMPLATE_LIMIT", ["html"])
    assert error["message"].startswith("This template needs too much time or memory. Its result has more than 0 MB.")
    assert not await Template.filter(workspace_id=client.workspace.id).exists()


async def test_a_busy_server_refuses_and_saves_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: Any, **__: Any) -> None:
        raise WorkersBusyError

    monkeypatch.setattr(rendering, "run", busy)
    given = {"name": "T", "subject": "x", "html": "{% if a %}b{% endif %}c"}
    (error,) = (await client.ask(CREATE, input=given))["createTemplate"]["errors"]
    assert error["code"] == "TOO_BUSY"
    assert not await Template.filter(workspace_id=client.workspace.id).exists()


STORED = ("{% assign a = 'x' %}" + "{% for i in (1..900) %}{% assign a = a | append: a %}{% endfor %}") * 3
READ = "{ templates(first: 1) { nodes { subject html text } } }"
UPDATE = """mutation($id: ID!, $input: TemplateChanges!) { updateTemplate(id: $id, input: $input) {
  template { id } warnings { code } errors { code path } } }"""
PREVIEW = (
    "query($input: LaunchInput!) { launchPreview(input: $input) { previews { warnings { code } } errors { code } } }"
)
EDIT = "query($edit: EditInput!) { editPreview(edit: $edit) { people warnings { code } } }"


@pytest.mark.parametrize("html", [STORED, "<div>" * 30_000, "{{a}}" * 40_000, "<p>" + " \t" * 99_000])
async def test_what_was_stored_before_there_were_limits_holds_up_nobody(
    client: Client, html: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = await story.template(client)
    made = await story.campaign(client, await story.sender(client))
    given = {"type": "EMAIL", "templateId": template, "sendOption": "task"}
    await story.step(client, made, day=1, **given)
    step = await story.step(client, made, day=2, **given, followUp=True)
    await Template.filter(id=template).update(html=html)
    here = watch(monkeypatch)
    launching = {"campaignId": made, "personIds": [await story.person(client)]}
    async with asyncio.timeout(GUARD):
        assert (await client.ask(READ))["templates"]["nodes"][0]["html"] == html
        assert (await client.ask(UPDATE, id=template, input={"name": "U"}))["updateTemplate"]["errors"] == []
        await client.ask(PREVIEW, input=launching)
        await client.ask(EDIT, edit={"moveStep": {"id": step, "day": 3}})
        (launched,) = await client.do(story.LAUNCH, "enrollments", input=launching)
        task = (await story.progress(client, launched["id"]))["progress"][0]["task"]["id"]
        shown = await client.raw(COMPOSITION, {"id": task})
    if "errors" in shown:
        assert shown["errors"][0]["extensions"]["code"] in {*REFUSED, "UNRESOLVED_FIELD"}
    assert not [source for source in here if len(source) > 20_000 or "{%" in source]


async def test_what_a_rep_writes_is_cleaned_within_limits(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await story.campaign(client, await story.sender(client))
    await story.step(
        client, made, day=1, type="EMAIL", templateId=await story.template(client), sendOption="choose_at_launch"
    )
    sending = {"campaignId": made, "personIds": [await story.person(client)], "sendAt": "2026-03-09T09:00:00Z"}
    (launched,) = await client.do(story.LAUNCH, "enrollments", input=sending)
    email = (await story.progress(client, launched["id"]))["progress"][0]["email"]["id"]
    edit = """mutation($id: ID!, $html: String) { editEmail(id: $id, html: $html) {
      email { writtenHtml composition { text } } warnings { code } errors { code path } } }"""
    here = watch(monkeypatch)
    async with asyncio.timeout(GUARD):
        for html in ("<b><i>" * 30_000, "<p>" + " \t" * 99_000, "<table><tr><td>" * 13_000, "&" * 200_000):
            answer = await client.raw(edit, {"id": email, "html": html + "x"})
            told = (answer.get("data") or {}).get("editEmail")
            assert {error["code"] for error in (told["errors"] if told else [])} <= REFUSED
        long = "<p onclick=x>A paragraph.</p>" * 2_000
        told = (await client.ask(edit, id=email, html=long))["editEmail"]
    assert told["warnings"] == [{"code": "HTML_REMOVED"}]
    assert told["email"]["writtenHtml"] == "<p>A paragraph.</p>" * 2_000
    assert told["email"]["composition"]["text"].startswith("A paragraph.\n\nA paragraph.")
    assert not [source for source in here if len(source) > 20_000]
