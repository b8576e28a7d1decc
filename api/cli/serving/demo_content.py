"""The demo's people, templates and campaigns. Its three campaigns use every send option."""

from datetime import timedelta
from typing import Any

from api.models import Campaign, Person, Template
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.common.request_context import WorkspaceContext
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.templates.categories import create_category
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from strategies import StepType

PEOPLE = [
    ("Ada", "Lovelace", "Analyst", "Analytical Engines", "Europe/London"),
    ("Alan", "Turing", "Researcher", "Bletchley Works", "Europe/London"),
    ("Grace", "Hopper", "Rear Admiral", "Compilers Inc.", "America/New_York"),
    ("Katherine", "Johnson", "Mathematician", "Orbit Labs", "America/Chicago"),
    ("Margaret", "Hamilton", "Director", "Lunar Software", "America/Los_Angeles"),
    ("Hedy", "Lamarr", "Inventor", "Frequency Hopping", "Europe/Vienna"),
    ("Konrad", "Zuse", "Engineer", "Z-Maschinen", "Europe/Berlin"),
    ("Emmy", "Noether", "Professor", "Symmetrie GmbH", "Europe/Berlin"),
    ("Srinivasa", "Ramanujan", "Fellow", "Infinite Series", "Asia/Kolkata"),
    ("Chien-Shiung", "Wu", "Physicist", "Parity Partners", "Asia/Shanghai"),
    ("Mary", "Somerville", "", "", "Europe/Rome"),
    ("Ruby", "Payne-Scott", "Astronomer", "Sun Spots", "Australia/Sydney"),
]
HELLO = """<p>Hello {{ first_name | default: "there" }},</p>
<p>three minutes about how <b>{{ company }}</b> could plan its campaigns without a spreadsheet.</p>
<p>Best regards<br>{{ sender_name }}</p>"""
NUDGE = """<p>Hello {{ first_name | default: "there" }},</p>
<p>did you get to look at my last email? Ten minutes on the phone are enough.</p>
<p>{{ sender_name }}</p>"""
CASE = """<p>Hello {{ first_name | default: "there" }},</p>
<p>here is how a team of your size went from 3 to 40 campaigns a month.</p><p>{{ sender_name }}</p>"""


async def fill(context: WorkspaceContext, interval: timedelta) -> None:
    """Fill an empty workspace and launch its campaigns for some people.

    The first emails of one campaign are sent one by one, with ``interval`` between them.
    """
    sender = await create_sender(context, name="Mia Demo", email="mia@touchline.example", zone="Europe/Berlin")
    outreach = await create_category(context, "Outreach")
    people = [
        await create_person(
            context,
            f"{first.lower()}.{last.lower()}@example.com",
            first_name=first,
            last_name=last,
            title=title,
            company=company,
            zone=zone,
        )
        for first, last, title, company, zone in PEOPLE
    ]
    hello, nudge, case = [
        await create_template(context, name=name, subject=subject, html=html, category_id=outreach.id)
        for name, subject, html in (
            ("Hello", "A question for {{ company }}", HELLO),
            ("Nudge", "", NUDGE),
            ("Case study", "From 3 to 40 campaigns a month", CASE),
        )
    ]
    about = {"sender_id": sender.id, "category_id": outreach.id}
    welcome = await create_campaign(context, name="Welcome", **about)
    await _steps(
        context,
        welcome,
        (1, _email(hello, "choose_at_launch")),
        (3, _email(nudge, "same_time_as_previous", follow_up=True)),
        (5, _email(case, "at_time", at="10:00")),
        (7, {"step_type": StepType.CALL, "name": "Call", "notes": "Ask what they thought of it."}),
    )
    fair = await create_campaign(context, name="Trade fair", skip_weekends=True, use_recipient_zone=True, **about)
    await _steps(
        context,
        fair,
        (1, _email(hello, "at_time", at="09:30")),
        (2, _email(nudge, "same_time_as_previous", follow_up=True)),
        (4, _email(case, "task")),
        (5, {**_email(nudge, "at_time", at="14:15"), "subject": "A short reminder"}),
    )
    executives = await create_campaign(context, name="Executives", **about)
    await _steps(
        context,
        executives,
        (1, _email(hello, "task")),
        (2, {"step_type": StepType.INMAIL, "name": "InMail", "notes": "Mention the email of yesterday."}),
        (4, {**_email(nudge, "same_time_as_previous"), "subject": "A short reminder"}),
        (6, {"step_type": StepType.CUSTOM, "name": "Send a postcard"}),
    )
    await _launch_one_by_one(context, welcome, people[0:3], interval)
    await launch(context, fair.id, [person.id for person in people[3:6]], Choice(), {})
    await launch(context, executives.id, [person.id for person in people[6:8]], Choice(), {})


def _email(template: Template, send_option: str, *, follow_up: bool = False, **config: str) -> dict[str, Any]:
    content: dict[str, Any] = {"step_type": StepType.EMAIL, "name": template.name, "template_id": template.id}
    return content | {"send_option": send_option, "config": config, "follow_up": follow_up}


async def _steps(context: WorkspaceContext, campaign: Campaign, *steps: tuple[int, dict[str, Any]]) -> None:
    for day, content in steps:
        await add_step(context, campaign.id, day=day, **content)


async def _launch_one_by_one(
    context: WorkspaceContext, campaign: Campaign, people: list[Person], interval: timedelta
) -> None:
    """Send the first email immediately and the others later, so that a viewer sees them arrive."""
    own = {person.id: Choice(send_at=context.now + interval * number) for number, person in enumerate(people) if number}
    await launch(context, campaign.id, [person.id for person in people], Choice(send_at="NOW"), own)
