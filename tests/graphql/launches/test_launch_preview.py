"""A preview shows what a launch would do, and writes nothing."""

from api.models import Enrollment, Event
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch

PREVIEW = """query($input: LaunchInput!) { launchPreview(input: $input) {
  previews { zone waiting warnings { code sentence german: sentence(language: "de") values }
    planned { step sendAt dueDate explanation(language: "de") { sentence } } } } }"""


async def test_a_preview_is_what_launching_does_and_writes_nothing(client: Client) -> None:
    campaign = await author(client, AT, {"day": 1, "sendOption": "same_time_as_previous"}, {"day": 2}, AT | {"day": 3})
    person = await story.person(client)
    chosen = {"campaignId": campaign, "personIds": [person], "sendAt": "2026-03-04T11:15:00+01:00"}
    (preview,) = (await client.ask(PREVIEW, input=chosen))["launchPreview"]["previews"]
    assert await Enrollment.all().count() == await Event.all().count() == 0
    assert preview["waiting"] == [4]
    assert preview["warnings"] == [
        {
            "code": "IMMEDIATE_ON_DAY_1",
            "sentence": "Step 2: not recommended on day 1, because this email is sent immediately at the start of the"
            " campaign.",
            "german": "Schritt 2: an Tag 1 nicht empfohlen, weil diese E-Mail sofort zu Beginn der Kampagne"
            " gesendet wird.",
            "values": {
                "step": 2,
                "option": "same_time_as_previous",
                "warning": "Not recommended on day 1: this email is sent immediately at the start of the campaign.",
            },
        }
    ]
    assert [line["sentence"] for line in preview["planned"][0]["explanation"]] == [
        "Tage und Zeiten gelten in Europe/Berlin, der Zeitzone des Absenders.",
        "Beim Start wurde 11:15 am 2026-03-04 gewählt, deshalb ist der 2026-03-04 Tag 1.",
    ]
    steps = (await story.progress(client, await launch(client, campaign, person, sendAt=chosen["sendAt"])))["progress"]
    done = [step["email"]["plannedAt"] if step["email"] else step["task"]["dueDate"] for step in steps[:3]]
    assert done == [planned["sendAt"] or planned["dueDate"] for planned in preview["planned"]]


async def test_a_preview_warns_of_fields_without_a_value(client: Client) -> None:
    campaign = await story.campaign(client, await story.sender(client))
    plain = await story.template(client, html="<p>Hi {{ first_name }} of {{ company }}</p>")
    town = await story.template(
        client, html="<p>{{ city }}, {{ street }} {{ order.number }}</p>", subject="In {{ city }}"
    )
    spare = await story.template(
        client, html="<p>{{ city | default: 'town' }}</p>", subject="{{ city | default: 'x' }}"
    )
    email = {"type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}}
    await story.step(client, campaign, day=1, templateId=plain, **email)
    await story.step(client, campaign, day=2, type="CALL")
    await story.step(client, campaign, day=3, templateId=town, **email)
    await story.step(client, campaign, day=3, templateId=spare, followUp=True, **email)
    await story.step(client, campaign, day=4, templateId=spare, **email)
    cities: list[dict[str, str]] = [{"city": "Paris", "street": "Rue"}, {"city": "Rome"}, {"city": " "}, {}]
    people = [await story.person(client, f"p{at}@example.com", fields=own) for at, own in enumerate(cities)]
    (first, *others) = (await client.ask(PREVIEW, input={"campaignId": campaign, "personIds": people}))[
        "launchPreview"
    ]["previews"]
    assert [(each["code"], each["values"]) for each in first["warnings"]] == [
        ("FIELD_WITHOUT_VALUE", {"step": step, "field": name, "missing": missing, "people": 4})
        for step in (3, 4)
        for name, missing in (("city", 2), ("order", 4), ("order.number", 4), ("street", 3))
    ]
    assert first["warnings"][0]["sentence"] == (
        "Step 3: 2 of 4 people have no value for the dynamic field city, which has no default. Their emails would fail."
    )
    assert [each["warnings"] for each in others] == [first["warnings"]] * 3
    (full,) = (await client.ask(PREVIEW, input={"campaignId": campaign, "personIds": people[:1]}))["launchPreview"][
        "previews"
    ]
    assert full["warnings"][0]["sentence"] == (
        "Step 3: 1 of 1 people has no value for the dynamic field order, which has no default. That email would fail."
    )
    assert {each["values"]["field"] for each in full["warnings"]} == {"order", "order.number"}
