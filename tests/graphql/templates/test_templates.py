"""Templates read back as they were saved, say what would be taken out, and are refused with line and column."""

from typing import Any

import pytest

from tests import story
from tests.client import Client

CREATE = """mutation($input: TemplateInput!) { createTemplate(input: $input) {
  template { id subject html text } warnings { code sentence values } errors { code message path } } }"""
UPDATE = """mutation($id: ID!, $input: TemplateChanges!) { updateTemplate(id: $id, input: $input) {
  template { html } warnings { code values } errors { code message path } } }"""
COMPOSITION = "query($id: ID!) { task(id: $id) { composition { subject html text prompts quotedHtml } } }"
SEND = """mutation($id: ID!, $html: String) { sendTask(id: $id, html: $html) {
  email { id } warnings { values } errors { code path } } }"""
HTML = """<!doctype html>
<TABLE><tr><td>For all</td></tr>{% if title == "VIP" %}<tr><td>VIP price</td></tr>{% endif %}</TABLE>
<a href="{% if company == 'Acme' %}https://example.com/a{% else %}https://example.com/b{% endif %}" onclick='x()'>go</a>
<a href="{{ link | default: "https://example.com/x" }}">x</a>
{{ first_name | default: &quot;there&quot; }}<script>a</script>"""


async def test_a_template_reads_back_byte_for_byte(client: Client) -> None:
    given = {
        "name": "T",
        "subject": "Hi {{ x | default: \u201cyou\u201d }}",
        "html": HTML,
        "text": "a\r\n{{ x | default: 'y' }} ",
    }
    made = (await client.ask(CREATE, input=given))["createTemplate"]
    assert made["errors"] == []
    assert {key: made["template"][key] for key in ("subject", "html", "text")} == {
        key: given[key] for key in ("subject", "html", "text")
    }
    assert [(warning["code"], warning["values"]) for warning in made["warnings"]] == [
        ("HTML_REMOVED", {"removed": "<script>"}),
        ("HTML_REMOVED", {"removed": "onclick"}),
    ]
    assert "<script>" in made["warnings"][0]["sentence"]
    changed = await client.ask(UPDATE, id=made["template"]["id"], input={"html": "<p>x</p>"})
    assert changed["updateTemplate"] == {"template": {"html": "<p>x</p>"}, "warnings": [], "errors": []}


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("html", "<p>\n  {{ a b }}</p>", "(line 2, column 8)"),
        ("text", "x\n{% if a %}", "(line 2, column 1)"),
        ("subject", "Hi {{ x | frob }}", "(line 1, column 11)"),
    ],
)
async def test_a_refusal_says_where(client: Client, key: str, value: str, where: str) -> None:
    given = {"name": "T", "subject": "x", "html": "<p>x</p>", key: value}
    (error,) = (await client.ask(CREATE, input=given))["createTemplate"]["errors"]
    assert (error["code"], error["path"]) == ("INVALID_TEMPLATE", [key])
    assert where in error["message"]


async def composition(client: Client, person: dict[str, Any], **template: str) -> tuple[str, dict[str, Any]]:
    """Open the task of a person's first email. Returns its id as well."""
    made = await story.campaign(client, await story.sender(client))
    given = {"type": "EMAIL", "templateId": await story.template(client, **template)}
    await story.step(client, made, day=1, sendOption="task", **given)
    someone = await story.person(client, **person)
    (launched,) = await client.do(story.LAUNCH, "enrollments", input={"campaignId": made, "personIds": [someone]})
    task = (await story.progress(client, launched["id"]))["progress"][0]["task"]["id"]
    return task, (await client.ask(COMPOSITION, id=task))["task"]["composition"]


async def test_what_a_compose_window_shows_is_safe(client: Client) -> None:
    person = {"fields": {"site": "javascript:alert(1)"}, "title": "CEO", "company": "<img src=x onerror=y>"}
    html = f'{HTML}<a href="{{{{ site }}}}">site</a><p>{{{{ company }}}} {{{{! Say hello }}}}</p>'
    task, seen = await composition(client, person, html=html)
    assert not any(bad in seen["html"].lower() for bad in ("javascript", "onclick", "<script", "<img", "vip"))
    assert "https://example.com/b" in seen["html"]
    assert "<img src=x onerror=y>" in seen["text"]
    assert seen["prompts"] == ["Say hello"]
    sent = (await client.ask(SEND, id=task, html="<p onclick=x()>Hello</p>"))["sendTask"]
    assert (sent["errors"], sent["warnings"]) == ([], [{"values": {"removed": "onclick"}}])


async def test_dates_are_by_the_sandboxs_clock_in_the_enrollments_zone(client: Client) -> None:
    await client.do(story.ADVANCE, "now", to="2026-03-02T23:30:00Z")
    _, seen = await composition(client, {}, subject="{{ now | date: '%d.%m. %H:%M' }}", html="<p>{{ today }}</p>")
    assert (seen["subject"], seen["text"]) == ("03.03. 00:30", "2026-03-03\n")


async def test_a_scheduled_email_shows_the_dates_of_when_it_leaves(client: Client) -> None:
    template = await story.template(client, subject="{{ now | date: '%d.%m. %H:%M' }}", html="<p>{{ today }}</p>")
    made = await story.campaign(client, await story.sender(client))
    await story.step(
        client, made, day=1, type="EMAIL", sendOption="at_time", config={"at": "00:30"}, templateId=template
    )
    sending = {"campaignId": made, "personIds": [await story.person(client)], "sendAt": "2026-03-09T23:30:00Z"}
    await client.do(story.LAUNCH, "enrollments", input=sending)
    (email,) = (await client.ask("{ emails(first: 1) { nodes { composition { subject text } } } }"))["emails"]["nodes"]
    assert email["composition"] == {"subject": "10.03. 00:30", "text": "2026-03-10\n"}


async def test_a_preview_warns_of_prompts_in_automatic_emails(client: Client) -> None:
    made = await story.campaign(client, await story.sender(client))
    given = {"type": "EMAIL", "templateId": await story.template(client, html="<p>{{! Introduce yourself }}</p>")}
    await story.step(client, made, day=1, sendOption="at_time", config={"at": "09:30"}, **given)
    await story.step(client, made, day=2, sendOption="task", **given)
    query = "query($input: LaunchInput!) { launchPreview(input: $input) { previews { warnings { code values } } } }"
    asked = {"campaignId": made, "personIds": [await story.person(client)]}
    (preview,) = (await client.ask(query, input=asked))["launchPreview"]["previews"]
    assert preview["warnings"] == [
        {"code": "FIELD_PROMPT_LEFT", "values": {"step": 1, "prompt": "Introduce yourself", "people": 1}}
    ]


@pytest.mark.parametrize(
    "html",
    [
        "{% liquid\nassign who = 'you'\nif title contains 'CEO'\n  assign who = 'chief'\nendif\necho who\n%}",
        "<p>{%- echo first_name -%}</p>",
        "<p>{% raw %}{{ x }}{% endraw %}</p>",
        "{% if title %}{% cycle 'a', 'b' %}{% endif %}",
        "{% increment n %}",
        "{% decrement n %}",
    ],
)
async def test_what_a_tag_shows_is_content(client: Client, html: str) -> None:
    made = (await client.ask(CREATE, input={"name": "T", "subject": "S", "html": html}))["createTemplate"]
    assert made["errors"] == []
    assert made["template"]["html"] == html
    assert made["warnings"] == []


async def test_a_template_is_transactional_only_if_its_author_says_so(client: Client) -> None:
    flag = "template { id transactional } errors { code path }"
    create = f"mutation($input: TemplateInput!) {{ createTemplate(input: $input) {{ {flag} }} }}"
    update = f"mutation($id: ID!, $input: TemplateChanges!) {{ updateTemplate(id: $id, input: $input) {{ {flag} }} }}"
    given = {"name": "Invoice", "subject": "Invoice", "html": "<p>1 €</p>"}
    usual = await client.do(create, "template", input=given)
    assert usual["transactional"] is False
    template = await client.do(create, "template", input=given | {"transactional": True})
    assert template["transactional"] is True
    assert (await client.do(update, "template", id=template["id"], input={"name": "Bill"}))["transactional"] is True
    (refused,) = (await client.ask(update, id=template["id"], input={"transactional": None})).values()
    assert refused["errors"] == [{"code": "REQUIRED", "path": ["transactional"]}]
    changed = await client.do(update, "template", id=template["id"], input={"transactional": False})
    assert changed["transactional"] is False
