"""The numbers of campaigns, steps, templates and senders, and reports page by page."""

from datetime import date
from typing import Any

import pytest

from api.models import Enrollment, Send, Task
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch

EMAILS = """emails {
  scheduled sent delivered bounced bouncedHard failed replied replies failedByReason { reason count } }"""
STATS = f"""query($id: ID!) {{
  campaign(id: $id) {{
    stats {{ {EMAILS} tasks {{ open done }} people {{ total active ended endedByReason {{ reason count }} }} }}
    sender {{ stats {{ {EMAILS} tasks {{ open }} }} }}
    days {{ steps {{ number stats {{ emails {{ scheduled sent }} tasks {{ open }} }}
      template {{ stats {{ emails {{ scheduled sent }} }} }} }} }} }} }}"""
REPORT = """query($by: ReportBy!, $filter: ReportFilter, $from: Date, $to: Date, $first: Int, $after: String,
    $last: Int, $before: String) {
  report(by: $by, filter: $filter, from: $from, to: $to, first: $first, after: $after, last: $last, before: $before) {
    totalCount totalCountIsExact pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { day sender { name } template { name } step { number } campaign { name }
      emails { scheduled sent failed } tasks { open } } } }"""


@pytest.fixture
async def launched(client: Client) -> str:
    """A campaign with two emails and a call, launched for three people."""
    steps = {**AT}, {**AT, "day": 2}, {"day": 3}
    campaign = await author(client, *steps)
    for name in ("ada", "bob", "cy"):
        await launch(client, campaign, await story.person(client, f"{name}@example.com"))
    return campaign


async def lines(client: Client, by: str, **given: Any) -> list[dict[str, Any]]:
    """Return the lines of a report, without what is null."""
    report = (await client.ask(REPORT, by=by, **given))["report"]
    return [{name: value for name, value in line.items() if value is not None} for line in report["nodes"]]


async def test_each_subject_has_its_numbers(client: Client, launched: str) -> None:
    first = Send.filter(step__number=1)
    template = await story.template(client)
    await first.update(status="SENT", attempted_on=date(2026, 3, 2), template_id=template)
    bounced, ended = (await Send.filter(step__number=1).order_by("id"))[:2], (await Enrollment.all())[0]
    await Send.filter(id=bounced[0].id).update(status="BOUNCED", bounce="HARD")
    await Send.filter(id=bounced[1].id).update(replied_at=ended.launched_at, replies=2)
    await Send.filter(step__number=2, enrollment_id=ended.id).update(status="FAILED", reason="CAMPAIGN_ENDED")
    await Enrollment.filter(id=ended.id).update(status="ENDED", end_reason="BOUNCED")
    found = (await client.ask(STATS, id=launched))["campaign"]
    emails = {
        "scheduled": 2, "sent": 3, "delivered": 2, "bounced": 1, "bouncedHard": 1, "failed": 1, "replied": 1,
        "replies": 2, "failedByReason": [{"reason": "CAMPAIGN_ENDED", "count": 1}],
    }  # fmt: skip
    people = {"total": 3, "active": 2, "ended": 1, "endedByReason": [{"reason": "BOUNCED", "count": 1}]}
    assert found["stats"] == {"emails": emails, "tasks": {"open": 3, "done": 0}, "people": people}
    assert found["sender"]["stats"] == {"emails": emails, "tasks": {"open": 3}}
    steps = [step for day in found["days"] for step in day["steps"]]
    assert [step["stats"]["emails"] for step in steps] == [
        {"scheduled": 0, "sent": 3},
        {"scheduled": 2, "sent": 0},
        {"scheduled": 0, "sent": 0},
    ]
    assert [step["stats"]["tasks"]["open"] for step in steps] == [0, 0, 3]
    (of_template,) = await lines(client, "TEMPLATE")
    assert of_template["emails"] == {"scheduled": 0, "sent": 3, "failed": 0}


async def test_a_report_has_a_line_for_each_day_or_subject(client: Client, launched: str, stranger: Client) -> None:
    await Send.filter(step__number=1).update(planned_date=date(2026, 3, 2))
    await Send.filter(step__number=2).update(planned_date=date(2026, 3, 3))
    await Task.all().update(due_date=date(2026, 3, 4))
    nothing, three = {"scheduled": 0, "sent": 0, "failed": 0}, {"scheduled": 3, "sent": 0, "failed": 0}
    days = [
        {"day": "2026-03-04", "emails": nothing, "tasks": {"open": 3}},
        {"day": "2026-03-03", "emails": three, "tasks": {"open": 0}},
        {"day": "2026-03-02", "emails": three, "tasks": {"open": 0}},
    ]
    assert await lines(client, "DAY") == days
    assert await lines(client, "DAY", filter={"campaignId": launched}) == days
    assert await lines(client, "DAY", **{"from": "2026-03-03", "to": "2026-03-03"}) == days[1:2]
    chosen = {"filter": {"campaignId": launched}}
    assert [line["step"]["number"] for line in await lines(client, "STEP", **chosen)] == [1, 2, 3]
    both = {"scheduled": 6, "sent": 0, "failed": 0}
    assert [line["emails"] for line in await lines(client, "CAMPAIGN")] == [both]
    assert [line["emails"] for line in await lines(client, "SENDER", **{"to": "2026-03-02"})] == [three]
    assert [line["emails"] for line in await lines(client, "SENDER", **chosen)] == [both]
    assert await lines(client, "DAY", filter={"senderId": "sdr_nobody"}) == []
    assert await lines(stranger, "DAY") == await lines(stranger, "DAY", filter={"campaignId": launched}) == []


async def test_a_report_is_read_page_by_page(client: Client, launched: str) -> None:
    ids = await Send.all().order_by("id").values_list("id", flat=True)
    for number, key in enumerate(ids, 1):
        await Send.filter(id=key).update(planned_date=date(2026, 3, number))
    await Task.all().delete()
    first = (await client.ask(REPORT, by="DAY", first=4))["report"]
    assert [line["day"] for line in first["nodes"]] == [f"2026-03-0{number}" for number in (6, 5, 4, 3)]
    assert (first["totalCount"], first["totalCountIsExact"]) == (6, True)
    page = first["pageInfo"]
    assert (page["hasNextPage"], page["hasPreviousPage"]) == (True, False)
    rest = (await client.ask(REPORT, by="DAY", first=4, after=page["endCursor"]))["report"]
    assert [line["day"] for line in rest["nodes"]] == ["2026-03-02", "2026-03-01"]
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)
    back = (await client.ask(REPORT, by="DAY", last=2, before=rest["pageInfo"]["startCursor"]))["report"]
    assert [line["day"] for line in back["nodes"]] == ["2026-03-04", "2026-03-03"]
    assert (back["pageInfo"]["hasNextPage"], back["pageInfo"]["hasPreviousPage"]) == (True, True)
    campaigns = (await client.ask(REPORT, by="CAMPAIGN", after=launched))["report"]
    assert campaigns["nodes"] == []
    assert campaigns["pageInfo"]["hasPreviousPage"]


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"by": "DAY", "after": "cmp_1"}, "INVALID_PAGE", ["after"]),
        ({"by": "CAMPAIGN", "before": "2026-03-02"}, "INVALID_PAGE", ["before"]),
        ({"by": "DAY", "first": 0}, "INVALID_PAGE", ["first"]),
        ({"by": "DAY", "from": "2026-03-03", "to": "2026-03-02"}, "INVALID_PERIOD", ["to"]),
    ],
)
async def test_a_wrong_report_is_refused(client: Client, given: dict[str, Any], code: str, path: list[str]) -> None:
    (error,) = (await client.raw(REPORT, given))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["path"]) == (code, path)
