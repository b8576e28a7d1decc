"""Whatever a server answers, the client returns or raises CrmError, and shows no secret."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.crms.access import Consent, CrmAccess
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import (
    ActivityField,
    ActivityKind,
    ActivityPush,
    LoggedEmail,
    NewPerson,
    OptOut,
    PersonSource,
    SourceKind,
)
from plugins.crms.salesforce.crm import Salesforce
from plugins.crms.salesforce.session import SalesforceSession
from tests.cases import how_many
from tests.plugins.crms.salesforce.connecting import LIMITS, Host
from tests.plugins.crms.salesforce.test_tasks import push
from tests.salesforce.ids import long_id
from tests.salesforce.org import START, Org

TASK, LEAD = long_id("00T5g00000000A0"), long_id("00Q5g00000000A0")
WORDS = """
records done nextRecordsUrl totalSize Id id success errors statusCode errorCode message fields name type
length createable updateable deletable externalId unique filterable picklistValues value active SystemModstamp
CreatedDate IsDeleted Subject ActivityDate Description Status OwnerId WhoId Email Account Name deletedRecords
deletedDate latestDateCovered factMap rows dataCells columns DailyApiRequests Max Remaining organization_id
user_id email error error_description access_token instance_url refresh_token allData ActivityId
MessageIdentifier ContactId Opportunity OpportunityId Touchline_Id__c HasOptedOutOfEmail
"""
NAMES = WORDS.split()
VALUES = st.one_of(
    st.sampled_from(
        [TASK, LEAD, long_id("0035g00000000A0"), "2026-03-02T09:00:00.000+0000", "2026-03-02", "Task", "Lead"]
    ),
    st.sampled_from(["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "/services/data/v62.0/query/01g-2000"]),
    st.sampled_from(
        ["\x00", "\ud800", "Touchline_Id__c", "Description", "HasOptedOutOfEmail", "http://127.0.0.1:9", ""]
    ),
    st.sampled_from([True, False, None, 0, -1, 10**30, 1.5, "INVALID_SESSION_ID", "UNABLE_TO_LOCK_ROW", "tsk_1"]),
    st.text(max_size=20),
)
JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8),
    max_leaves=40,
)
RECORD = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=15)
PAGE = st.fixed_dictionaries(
    {"done": st.booleans(), "records": st.lists(RECORD, max_size=3)}, optional={"fields": JSON}
)
TEXTS = st.one_of(JSON, PAGE, st.lists(RECORD, max_size=3)).map(lambda value: json.dumps(value).encode())
BODIES = st.one_of(
    TEXTS,
    st.binary(max_size=60),
    st.sampled_from([b"", b"[" * 5_000, b'{"a":' * 5_000, b"NaN", b"9" * 5_000, b'{"records":[' + b"{}," * 100]),
)
STATUSES = st.one_of(st.just(200), st.sampled_from([201, 204, 300, 301, 400, 401, 403, 404, 429, 500, 502, 503, 999]))
HEADERS = st.dictionaries(
    st.sampled_from(["Date", "Sforce-Limit-Info", "Content-Encoding", "Location", "Content-Type"]),
    st.sampled_from(["api-usage=5/10", "api-usage=999999999999999999/1", "Mon, 99 Foo 20000 99:99:99 GMT", "gzip", "x"])
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    max_size=3,
)
ANSWERS = st.lists(st.tuples(STATUSES, HEADERS, BODIES), min_size=5, max_size=25)
ORG = Org(activity_fields=True, enhanced_email=True)
SECRET = "the-secret-of-the-app-that-nobody-may-read"


class Transport(httpx.AsyncBaseTransport):
    """Answers each request with the next of some answers, and describes objects as an org does, if it has to."""

    def __init__(self, answers: Iterator[tuple[int, dict[str, str], bytes]], *, describes: bool) -> None:
        self.answers, self.describes = answers, describes
        self.left = 2_000

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.left -= 1
        if self.left < 0:
            raise httpx.ReadError("an endless list of pages")
        if self.describes and request.url.path.endswith("/describe"):
            sobject = ORG.objects[request.url.path.split("/")[-2]]
            return httpx.Response(200, stream=httpx.ByteStream(json.dumps(sobject.describe("000")).encode()))
        status, headers, body = next(self.answers)
        stream = httpx.ByteStream(body)
        return httpx.Response(status, headers=headers, stream=stream)


def calls(session: SalesforceSession) -> Iterator[Any]:
    """Yield a call of each method."""
    mail = LoggedEmail("<1@us.example>", "us@us.example", "b@x.example")
    activity = ActivityPush(
        "a_1", None, ActivityKind.EMAIL, "s", "b", START, None, LEAD, fields={ActivityField.REPLIED: True}
    )
    activities = [
        activity,
        replace(activity, marker="a_2", email=mail),
        replace(activity, marker="a_3", remote_id="02s000000000000"),
    ]
    pushes = [push("tsk_1"), push("tsk_2", TASK)]
    yield session.identify()
    yield session.limits()
    yield session.describe()
    yield session.push_tasks(pushes)
    yield session.delete_tasks([TASK])
    yield session.changed_tasks(START, None)
    yield session.changed_tasks(START, json.dumps(["/services/data/v62.0/query/01g-2000", START.isoformat()]))
    yield session.deleted_tasks(START - timedelta(days=1), START)
    yield session.find_tasks(markers={"tsk_1": pushes[0]}, remote_ids=[TASK], since=START)
    yield session.find_people(remote_ids=[LEAD], addresses=["b@x.example"])
    yield session.create_people([NewPerson("p1", "b@x.example")])
    yield session.find_users(addresses=["b@x.example"])
    yield session.related_records([long_id("0035g00000000A0")])
    yield session.set_opt_outs([OptOut(LEAD, True, START)])
    yield session.changed_opt_outs(START, None)
    yield session.changed_opt_outs(None, '["CONTACT", ""]')
    yield session.log_activities(activities)
    yield session.find_activities({each.marker: each for each in activities}, START)
    for kind, reference in (
        (SourceKind.REPORT, LEAD),
        (SourceKind.LIST_VIEW, LEAD),
        (SourceKind.QUERY, "SELECT Id FROM Lead"),
    ):
        yield session.person_sources(kind, "x")
        yield session.people_of(PersonSource(kind, reference), None)


def assert_no_secret(error: CrmError) -> None:
    """Check the texts of an error, which users and logs get."""
    for secret in (SECRET, "token-of-access", "token-of-refresh"):
        assert secret not in f"{error} {error.detail} {error.name}"


async def survive(answers: list[tuple[int, dict[str, str], bytes]], *, describes: bool) -> int:
    """Make each call with the answers, and return how many calls returned."""
    transport = Transport(itertools.cycle(answers), describes=describes)
    crm = Salesforce(loopback=True, limits=LIMITS, transport=transport)
    values = {"login_url": "http://127.0.0.1:9", "client_id": "key"}
    tokens = {"access_token": "token-of-access", "instance_url": "http://127.0.0.1:9", "id": f"x/{LEAD}/{LEAD}"}
    access = CrmAccess(
        "authorization_code", values, {"client_secret": SECRET, "refresh_token": "token-of-refresh"} | tokens
    )
    returned = 0
    async with crm.open(access, Host(Org(), access.secrets)) as session:
        for call in calls(session):
            transport.left = 50
            try:
                result = await call
                for each in result if isinstance(result, list) else ():
                    if getattr(each, "error", None) is not None:
                        assert_no_secret(each.error)
                returned += 1
            except CrmError as error:
                assert_no_secret(error)
    for call in (crm.redeem_consent(access, Consent("https://us/back", "s", "v"), "code"), crm.revoke(access)):
        try:
            await call
            returned += 1
        except CrmError as error:
            assert_no_secret(error)
    return returned


@settings(max_examples=how_many(10, 25))
@given(ANSWERS, st.booleans())
def test_any_answer_is_a_result_or_a_crm_error(
    answers: list[tuple[int, dict[str, str], bytes]], describes: bool
) -> None:
    asyncio.run(survive(answers, describes=describes))


def test_no_error_repeats_a_secret() -> None:
    """A proxy that shows the request, a broken answer with a token, and a record that is refused with one."""
    echo = json.dumps([{"errorCode": "token-of-access", "message": f"Bearer token-of-access {SECRET}"}]).encode()
    rows = json.dumps([{"success": False, "errors": [{"statusCode": "OTHER", "message": "Bearer token-of-access"}]}])
    token = b'{"access_token": "token-of-access", "refresh_token": "token-of-refresh"'
    for answer in ((400, {}, echo), (503, {}, echo), (200, {}, b"Bearer token-of-access"), (200, {}, token)):
        asyncio.run(survive([answer], describes=True))
    asyncio.run(survive([(200, {}, rows.encode())], describes=True))
    asyncio.run(survive([(401, {}, echo), (200, {}, token)], describes=True))


def test_plausible_answers_are_results() -> None:
    page = {
        "done": True,
        "records": [],
        "fields": [],
        "deletedRecords": [],
        "latestDateCovered": "2026-03-02T09:00:00Z",
    }
    answer: tuple[int, dict[str, str], bytes] = (
        200,
        {},
        json.dumps(page | {"factMap": {}, "organization_id": LEAD, "user_id": LEAD}).encode(),
    )
    assert asyncio.run(survive([answer], describes=True)) > 18
