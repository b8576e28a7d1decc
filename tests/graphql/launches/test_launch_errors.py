"""A launch reports all mistakes at once, in the order of its input, and a preview shows good people beside refused."""

from typing import Any

from api.models import Enrollment, Event
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch
from tests.graphql.launches.test_start_launch import START

PREVIEW = """query($input: LaunchInput!) { launchPreview(input: $input) {
  previews { person { email } } refused { personId person { email } errors { code path } }
  errors { code path } moreErrors acceptedCount refusedCount } }"""
SUMMARY = "query($input: StartLaunchInput!) { startLaunchPreview(input: $input) { errors { code path } } }"
UNSUBSCRIBE = f"mutation($id: ID!) {{ unsubscribe(personId: $id) {{ person {{ id }} {story.ERRORS} }} }}"
LAUNCH = (
    "mutation($input: LaunchInput!) { launch(input: $input) { enrollments { id } errors { code path } moreErrors } }"
)


def places(errors: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["path"])) for error in errors]


async def test_a_launch_reports_all_mistakes(client: Client) -> None:
    campaign = await author(client, AT, {"day": 2})
    emails = ["ada@example.com", "bob@example.com", "eve@example.com", "good@example.com"]
    ada, bob, eve, good = [await story.person(client, email) for email in emails]
    await launch(client, campaign, ada)
    await client.do(UNSUBSCRIBE, "person", id=bob)
    before = (await Enrollment.all().count(), await Event.all().count())
    given = {
        "perPerson": [
            {"personId": eve, "times": [{"step": 1, "time": "25:00"}, {"step": 9, "time": "09:00"}], "senderId": "x"},
            {"personId": eve},
            {"personId": "per_other", "sendAt": "2026-03-03T08:00:00Z", "sendNow": True},
        ],
        "senderId": "sdr_none",
        "times": [{"step": 2, "time": "09:00"}, {"step": 2, "time": "10:00"}],
        "sendAt": "2026-03-01T08:00:00Z",
        "personIds": [ada, "per_none", bob, good, good, eve],
        "campaignId": campaign,
    }
    general = [
        ("SEND_AT_IN_PAST", "sendAt"),
        ("TIME_NOT_ACCEPTED", "times.0.time"),
        ("NAMED_TWICE", "times.1.step"),
        ("NAMED_TWICE", "perPerson.1.personId"),
        ("NOT_FOUND", "perPerson.2.personId"),
        ("SEND_AT_AMBIGUOUS", "perPerson.2.sendAt"),
        ("NOT_FOUND", "senderId"),
    ]
    shared = [("NOT_FOUND", "senderId"), ("SEND_AT_IN_PAST", "sendAt"), ("TIME_NOT_ACCEPTED", "times.0.time")]
    people = [
        (ada, [("ALREADY_ENROLLED", "personIds.0"), *shared]),
        ("per_none", [("NOT_FOUND", "personIds.1")]),
        (bob, [*shared, ("UNSUBSCRIBED", "personIds.2")]),
        (good, shared),
        (good, [("NAMED_TWICE", "personIds.4")]),
        (
            eve,
            [
                ("INVALID_TIME", "perPerson.0.times.0.time"),
                ("NOT_FOUND", "perPerson.0.senderId"),
                ("STEP_NOT_FOUND", "perPerson.0.times.1.step"),
            ],
        ),
    ]
    shown = (await client.ask(PREVIEW, input=given))["launchPreview"]
    assert places(shown["errors"]) == general
    assert [(each["personId"], sorted(places(each["errors"]))) for each in shown["refused"]] == people
    assert [each["person"] and each["person"]["email"] for each in shown["refused"]] == [
        *("ada@example.com", None, "bob@example.com", *["good@example.com"] * 2, "eve@example.com")
    ]
    assert (shown["previews"], shown["acceptedCount"], shown["refusedCount"]) == ([], 0, 6)
    told = (await client.ask(LAUNCH, input=given))["launch"]
    every = {*general, *(each for _, errors in people for each in errors)}
    assert sorted(places(told["errors"])) == sorted(every)
    assert [path for _, path in places(told["errors"])] == [
        *("personIds.0", "personIds.1", "personIds.2", "personIds.4", "sendAt", "times.0.time", "times.1.step"),
        *("perPerson.0.times.0.time", "perPerson.0.times.1.step", "perPerson.0.senderId", "perPerson.1.personId"),
        *("perPerson.2.personId", "perPerson.2.sendAt", "senderId"),
    ]
    assert (await Enrollment.all().count(), await Event.all().count()) == before


async def test_a_preview_shows_good_people_beside_refused_ones(client: Client) -> None:
    campaign, good = await author(client, AT), await story.person(client)
    given = {"campaignId": campaign, "personIds": ["per_x", good, *(f"per_{number}" for number in range(149))]}
    shown = (await client.ask(PREVIEW, input=given))["launchPreview"]
    assert [each["person"]["email"] for each in shown["previews"]] == ["ada@example.com"]
    assert (shown["acceptedCount"], shown["refusedCount"], len(shown["refused"]), shown["errors"]) == (1, 150, 150, [])
    told = (await client.ask(LAUNCH, input=given))["launch"]
    assert (len(told["errors"]), told["moreErrors"]) == (100, 50)
    assert [error["path"][1] for error in told["errors"]][:3] == ["0", "2", "3"]
    assert await Enrollment.all().count() == 0
    # Without a campaign, the people are checked all the same.
    missing = (await client.ask(PREVIEW, input=given | {"campaignId": "cmp_x", "personIds": [good, good]}))[
        "launchPreview"
    ]
    assert places(missing["errors"]) == [("NOT_FOUND", "campaignId")]
    assert [places(each["errors"]) for each in missing["refused"]] == [
        [("NOT_FOUND", "campaignId")],
        [("NAMED_TWICE", "personIds.1")],
    ]
    assert (missing["previews"], missing["moreErrors"]) == ([], 0)
    # Nobody is left out of a preview with a send time in the past, but for those with their own.
    mine = [{"personId": good, "sendAt": "2026-03-03T08:00:00Z"}]
    past = given | {
        "personIds": [good, await story.person(client, "bob@example.com")],
        "sendAt": "2026-03-01T08:00:00Z",
    }
    for own, accepted in ((mine, 1), ([], 0)):
        shown = (await client.ask(PREVIEW, input=past | {"perPerson": own}))["launchPreview"]
        assert places(shown["errors"]) == [("SEND_AT_IN_PAST", "sendAt")]
        assert (shown["acceptedCount"], shown["refusedCount"]) == (accepted, 2 - accepted)
        assert {("SEND_AT_IN_PAST", "sendAt")} == {each for one in shown["refused"] for each in places(one["errors"])}


async def test_a_launch_in_the_background_reports_all_mistakes(client: Client) -> None:
    campaign = await author(client, AT)
    given = {"campaignId": campaign, "personIds": [], "sendAt": "2026-03-01T08:00:00Z", "senderId": "sdr_x"}
    given["times"] = [{"step": 1, "time": "x"}, {"step": 1, "time": "09:00"}]
    ada = await story.person(client)
    given["perPerson"] = [{"personId": ada, "times": [{"step": 9, "time": "09:00"}], "senderId": "sdr_y"},
                          {"personId": "per_x", "subject": "Hi"}, {"personId": ada}]  # fmt: skip
    given["firstEmails"] = [{"personId": "per_x", "html": "<p>x</p>"}]
    errors = (await client.ask(START, input=given))["startLaunch"]["errors"]
    assert places(errors) == [
        *(("NO_PEOPLE", "personIds"), ("SEND_AT_IN_PAST", "sendAt"), ("INVALID_TIME", "times.0.time")),
        ("NAMED_TWICE", "times.1.step"),
        ("NOT_FOUND", "senderId"),
        ("STEP_NOT_FOUND", "perPerson.0.times.0.step"),
        ("NOT_FOUND", "perPerson.0.senderId"),
        ("NAMED_TWICE", "perPerson.2.personId"),
        ("NAMED_TWICE", "firstEmails.0.personId"),
    ]
    other = await story.person(client, "bob@example.com")
    given = {"campaignId": campaign, "personIds": [other], "sendNow": True, "perPerson": [{"personId": ada}]}
    given["perPerson"].append({"personId": other, "senderId": "sdr_y"})
    for document in (START, SUMMARY):
        (payload,) = (await client.ask(document, input=given)).values()
        expected = [("NOT_FOUND", "perPerson.0.personId"), ("NOT_FOUND", "perPerson.1.senderId")]
        assert places(payload["errors"]) == expected
