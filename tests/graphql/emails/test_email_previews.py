"""Previews: what an email would say for a person, and what would stop it. Nothing is written."""

from typing import Any

import pytest

from api.models import Enrollment, Event, Person, Send, Sender, Template
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, BY_HAND, author

PREVIEW = """query($input: TemplatePreviewInput!) { templatePreview(input: $input) {
  preview { subject html text unresolvedFields prompts } warnings { code } } }"""
LAUNCH = """query($input: LaunchInput!) { launchPreview(input: $input) { previews { person { id }
  firstEmail { subject html text unresolvedFields prompts } } errors { code } } }"""
HTML = "<p>Dear {{ first_name }} of {{ company }} in {{ city }}</p>{{! Introduce yourself }}<script>x</script>"


async def preview(client: Client, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.ask(PREVIEW, input=given))["templatePreview"]
    return found


async def refused(client: Client, **given: Any) -> tuple[str, list[str]]:
    (error,) = (await client.raw(PREVIEW, {"input": given}))["errors"]
    return error["extensions"]["code"], error["extensions"]["path"]


async def test_a_template_for_a_person(client: Client) -> None:
    sender, template = await story.sender(client), await story.template(client, html=HTML, subject="Hi {{ my_name }}")
    person = await story.person(client, fields={"city": "Köln & <Bonn>"})
    await Sender.filter(id=sender).update(signature="<p>Grace, Acme</p>", append_signature=True)
    rows = [await model.all().count() for model in (Send, Enrollment, Event, Template, Person)]
    found = await preview(client, templateId=template, personId=person)
    email = found["preview"]
    assert email["subject"] == "Hi Grace Hopper"
    assert email["html"].startswith("<p>Dear Ada of your company in Köln &amp; &lt;Bonn&gt;</p>{{! Introduce")
    assert email["html"].rstrip().endswith("<p>Grace, Acme</p>")
    assert email["text"].startswith("Dear Ada of your company in Köln & <Bonn>")
    assert (email["unresolvedFields"], email["prompts"]) == ([], ["Introduce yourself"])
    assert [warning["code"] for warning in found["warnings"]] == ["HTML_REMOVED"]
    assert [await model.all().count() for model in (Send, Enrollment, Event, Template, Person)] == rows


async def test_samples_replace_the_values_of_a_person_and_missing_fields_are_shown(client: Client) -> None:
    await story.sender(client)
    person = await story.person(client, fields={"city": "Ulm"})
    given = {"html": HTML, "subject": "{{ plan }} for {{ first_name }}", "personId": person}
    email = (await preview(client, **given, sample={"firstName": "Bob", "fields": {"plan": "Gold"}}))["preview"]
    assert (email["subject"], email["unresolvedFields"]) == ("Gold for Bob", [])
    assert "Dear Bob of your company in Ulm" in email["html"]
    assert (await Person.get(id=person)).first_name == "Ada"
    email = (await preview(client, html=HTML, text="To {{ email }}", sample={"email": "bob@example.com"}))["preview"]
    assert (email["subject"], email["unresolvedFields"]) == ("", ["city"])
    assert set(email["prompts"]) == {"Introduce yourself", "city"}
    assert email["text"] == "To bob@example.com"
    assert "Dear  of your company in {{! city }}" in email["html"]


async def test_the_link_to_unsubscribe_unsubscribes_nobody(client: Client) -> None:
    await story.sender(client)
    person = await story.person(client)
    email = (await preview(client, html="<a href='{{ unsubscribe_url }}'>Out</a>", personId=person))["preview"]
    assert "mailto:grace@example.com" in email["html"]


async def test_a_step_with_what_it_quotes_and_its_own_subject(client: Client) -> None:
    campaign = await author(client, AT)
    own = {"type": "EMAIL", "html": "<p>Second</p>", "followUp": True, "sendOption": "same_time_as_previous", "day": 2}
    await story.step(client, campaign, **own)
    steps = (await client.ask("query($id: ID!) { campaign(id: $id) { steps { id } } }", id=campaign))["campaign"][
        "steps"
    ]
    email = (await preview(client, stepId=steps[1]["id"], sample={"firstName": "Ada"}))["preview"]
    assert email["subject"] == "Re: Hello Ada"
    assert email["html"].startswith("<p>Second</p>")
    assert "<blockquote>\n<p>Hi Ada</p>" in email["html"]
    assert "> Hi Ada" in email["text"]


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({}, "PREVIEW_CONTENT", "templateId"),
        ({"html": "<p>x</p>", "templateId": "tpl_x"}, "PREVIEW_CONTENT", "html"),
        ({"stepId": "stp_x", "templateId": "tpl_x"}, "PREVIEW_CONTENT", "templateId"),
        ({"templateId": "tpl_x", "text": "x"}, "PREVIEW_CONTENT", "text"),
        ({"templateId": "tpl_x"}, "NOT_FOUND", "templateId"),
        ({"stepId": "stp_x"}, "NOT_FOUND", "stepId"),
        ({"html": "<p>x</p>", "personId": "per_x"}, "NOT_FOUND", "personId"),
        ({"html": "<p>x</p>", "senderId": "sdr_x"}, "NOT_FOUND", "senderId"),
        ({"html": "  "}, "REQUIRED", "html"),
        ({"html": "<p>{{ broken</p>"}, "INVALID_TEMPLATE", "html"),
        ({"html": "<p>{{ order.number }}</p>", "sample": {"fields": {"order": "x"}}}, "UNRESOLVED_FIELD", "html"),
        ({"html": "<p>x</p>", "text": "{% if"}, "INVALID_TEMPLATE", "text"),
        ({"html": "<p>x</p>", "subject": "a\nb"}, "INVALID_TEXT", "subject"),
        ({"html": "<p>x</p>", "sample": {"email": "no address"}}, "INVALID_ADDRESS", "sample.email"),
        ({"html": "<p>x</p>", "sample": {"fields": {"Bad Name": "x"}}}, "INVALID_FIELDS", "sample.fields"),
        ({"html": "<p>x</p>", "sample": {"fields": [1]}}, "INVALID_FIELDS", "sample.fields"),
        ({"html": "<p>x</p>" * 99_999}, "TOO_LONG", "html"),
    ],
)
async def test_bad_input(client: Client, quiet: None, given: dict[str, Any], code: str, path: str) -> None:
    await story.sender(client)
    found = await refused(client, **given)
    assert found == (code, path.split("."))


async def test_without_a_sender(client: Client, stranger: Client) -> None:
    assert await refused(client, html="<p>x</p>") == ("REQUIRED", ["senderId"])
    foreign = await story.template(stranger)
    await story.sender(client)
    assert await refused(client, templateId=foreign) == ("NOT_FOUND", ["templateId"])


async def test_launch_preview_shows_the_first_email_of_each_person(client: Client) -> None:
    campaign = await author(client, AT, {"day": 2, "sendOption": "same_time_as_previous"})
    await Template.all().update(html="<p>{{ first_name }}, {{ 'now' | date: '%d.%m.' }} {{ city }}</p>")
    people = [await story.person(client, f"p{number}@example.com", firstName=f"P{number}") for number in range(3)]
    await Person.filter(id=people[2]).update(own_fields={"city": "Ulm"})
    given = {"campaignId": campaign, "personIds": people, "sendAt": None}
    found = (await client.ask(LAUNCH, input=given))["launchPreview"]["previews"]
    assert [each["firstEmail"]["html"] for each in found] == [
        "<p>P0, 02.03. {{! city }}</p>", "<p>P1, 02.03. {{! city }}</p>", "<p>P2, 02.03. Ulm</p>",
    ]  # fmt: skip
    assert [each["firstEmail"]["unresolvedFields"] for each in found] == [["city"], ["city"], []]
    assert found[0]["firstEmail"]["subject"] == "Hello P0"
    assert await Send.all().count() == 0


async def test_a_task_before_the_first_email_leaves_none_to_preview(client: Client) -> None:
    campaign = await author(client, BY_HAND)
    given = {"campaignId": campaign, "personIds": [await story.person(client)]}
    assert (await client.ask(LAUNCH, input=given))["launchPreview"]["previews"][0]["firstEmail"] is None


async def test_launch_preview_shows_what_a_rep_wrote_for_a_person(client: Client) -> None:
    campaign = await author(client, AT)
    person = await story.person(client)
    own = {"personId": person, "html": "<p>Only for {{ you }}</p>", "subject": "Mine"}
    given = {"campaignId": campaign, "personIds": [person], "perPerson": [own]}
    email = (await client.ask(LAUNCH, input=given))["launchPreview"]["previews"][0]["firstEmail"]
    assert (email["subject"], email["html"], email["unresolvedFields"]) == ("Mine", "<p>Only for {{ you }}</p>", [])
