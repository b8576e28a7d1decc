"""Emails are found by their subject, beside the names, company and address of their person."""

from typing import Any

import pytest

from api.models import Send
from api.store.engine.sql import execute
from tests import story
from tests.client import Client
from tests.graphql.authored import launch
from tests.graphql.engine.lists.test_lists import refused

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)

EMAILS = """query($filter: EmailFilter, $order: EmailOrder) { emails(filter: $filter, orderBy: $order) {
  totalCount nodes { person { firstName } step { number } writtenSubject } } }"""
ONE_OFF = (
    """mutation($input: CreateEmailInput!) { createEmail(input: $input) { email { id } errors { code message } } }"""
)
EDIT = """mutation($id: ID!, $subject: String) { editEmail(id: $id, subject: $subject) {
  email { id } errors { code message } } }"""
UPDATE = "mutation($id: ID!, $input: TemplateChanges!) { updateTemplate(id: $id, input: $input) { errors { code } } }"
ERASE = "mutation($id: ID!) { erasePerson(id: $id) { errors { code } } }"


@pytest.fixture
async def people(client: Client) -> dict[str, str]:
    """Ada and Ben in a campaign of three emails, the second with its own subject and the third a follow-up."""
    template = await story.template(client, subject='Quarterly offer for {{first_name | default: "secret"}}, “Ärzte”')
    empty = await story.template(client, name="empty", subject="")
    sender = await story.sender(client)
    campaign = await story.campaign(client, sender)
    email = {"type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}}
    await story.step(client, campaign, day=1, templateId=template, **email)
    await story.step(client, campaign, day=3, templateId=template, subject="Renewal-question: 100%", **email)
    await story.step(client, campaign, day=5, templateId=empty, followUp=True, **email)
    found = {"sender": sender, "campaign": campaign, "template": template}
    for name, company in (("Ada", "Analytical"), ("Ben", "Quarterback")):
        found[name] = await story.person(client, f"{name.lower()}@example.com", firstName=name, company=company)
        await launch(client, campaign, found[name])
    return found


async def found(client: Client, text: str, **chosen: Any) -> list[str]:
    """Return the first name and the step's number of each email, by due date. Any order finds the same ones."""
    given = {"search": text, **chosen}
    page = (await client.ask(EMAILS, filter=given))["emails"]
    names = [
        each["person"]["firstName"] + str(each["step"]["number"] if each["step"] else "") for each in page["nodes"]
    ]
    assert page["totalCount"] == len(names)
    for direction in ("ASC", "DESC"):
        order = {"field": "SENT_AT", "direction": direction}
        other = (await client.ask(EMAILS, filter=given, order=order))["emails"]
        assert len(other["nodes"]) == other["totalCount"] == len(names)
    return names


async def test_emails_are_found_by_the_words_of_their_subject(
    client: Client, people: dict[str, str], stranger: Client
) -> None:
    for text, wanted in (
        ("offer", ["Ada1", "Ben1"]),
        ("OFF quarterly", ["Ada1", "Ben1"]),
        ("quarter", ["Ada1", "Ben1", "Ben2", "Ben3"]),
        ("offer ada", ["Ada1"]),
        ("ada offer analytical", ["Ada1"]),
        ("ÄRZ", ["Ada1", "Ben1"]),
        ("question", ["Ada2", "Ben2", "Ada3", "Ben3"]),
        ("renewal-question: ben", ["Ben2", "Ben3"]),
        ("100%", ["Ada2", "Ben2", "Ada3", "Ben3"]),
        ("ffer", []),
        ("first_name", []),
        ("secret", []),
        ("offer nobody", []),
        ("%", []),
        ("''", []),
    ):
        assert await found(client, text) == wanted, text
    assert await found(client, "offer", personId=people["Ben"]) == ["Ben1"]
    assert await found(client, "question", senderId=people["sender"], folder="SCHEDULED") == [
        "Ada2",
        "Ben2",
        "Ada3",
        "Ben3",
    ]
    assert await found(client, "question", campaignId=people["campaign"], personId=people["Ada"]) == ["Ada2", "Ada3"]
    assert await found(client, "question", campaignId="cmp_none") == []
    assert await found(client, "question", folder="SENT") == []
    assert await found(stranger, "offer") == []


async def test_a_written_subject_counts_instead_of_that_of_the_step(client: Client, people: dict[str, str]) -> None:
    first = await Send.filter(person_id=people["Ada"]).order_by("due_at").first()
    assert first is not None
    await client.do(EDIT, "email", id=first.id, subject="A zebra, at last")
    assert await found(client, "zebra") == ["Ada1"]
    assert await found(client, "last ada") == ["Ada1"]
    assert await found(client, "offer") == ["Ben1"]
    await client.do(EDIT, "email", id=first.id, subject="A lion")
    assert (await found(client, "zebra"), await found(client, "lion")) == ([], ["Ada1"])
    given = {"personId": people["Ben"], "senderId": people["sender"], "subject": "Offer of lions", "html": "<p>x</p>"}
    await client.do(ONE_OFF, "email", input=given)
    assert sorted(await found(client, "lion")) == ["Ada1", "Ben"]
    assert sorted(await found(client, "offer ben")) == ["Ben", "Ben1"]
    assert await found(client, "lions", folder="DRAFT") == ["Ben"]
    await client.ask(ERASE, id=people["Ben"])
    assert await found(client, "lion") == ["Ada1"]
    await Send.filter(subject__isnull=False).delete()
    assert await execute("SELECT word FROM subject_word WHERE kind = 'EMAIL'") == []


async def test_a_template_is_found_by_its_present_subject(client: Client, people: dict[str, str]) -> None:
    await client.ask(UPDATE, id=people["template"], input={"subject": 'Tab\\ "quoted" {{ one }} {open'})
    assert await found(client, "offer") == []
    assert await found(client, "quoted open tab") == ["Ada1", "Ben1"]


async def test_a_text_that_too_many_emails_have_is_refused(
    client: Client, people: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.emails.email_search.MAX_STEPS", 1)
    too_many = ("TOO_MANY_TO_SORT", ["filter", "search"])
    assert await found(client, "offer") == ["Ada1", "Ben1"]
    assert await refused(client, EMAILS, filter={"search": "question"}) == too_many
    monkeypatch.setattr("api.store.emails.email_search.MAX_SORTED_ROWS", 1)
    assert await refused(client, EMAILS, filter={"search": "ben"}) == too_many
