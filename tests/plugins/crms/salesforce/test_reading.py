"""Ids, queries and errors: the small parts that everything else relies on."""

import json
import string
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.rest_api import soql
from plugins.crms.salesforce.rest_api.queries import next_page
from plugins.crms.salesforce.rest_api.rest import RestClient
from plugins.crms.salesforce.transport.errors import error_of, error_of_reply, oauth_error, without_secrets
from plugins.crms.salesforce.transport.http import Reply
from plugins.crms.salesforce.transport.ids import whole_id
from tests.cases import how_many
from tests.salesforce import ids
from tests.salesforce.soql_parser import Comparison, parse

SHORT_IDS = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)


@given(SHORT_IDS)
def test_ids_have_18_characters(short: str) -> None:
    whole = ids.long_id(short)
    assert whole_id(short) == whole_id(whole) == whole_id(whole.upper()) == whole_id(whole.lower()) == whole


def test_what_is_no_id() -> None:
    for value in (None, 5, "", "001A0000006Vm9", "001A0000006Vm9rI", "001A0000006Vm9!", "001A0000006Vm9rIA9", "é" * 15):
        assert whole_id(value) is None


@settings(max_examples=how_many(10, 25))
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=300), min_size=1, max_size=60, unique=True))
def test_no_value_changes_a_query(values: list[str]) -> None:
    found = []
    for chunk in soql.lists(values):
        assert len(chunk.encode()) < 16_000
        query = parse(soql.select(["Id"], "Task", f"Subject IN {chunk}"))
        assert isinstance(query.condition, Comparison)
        found += query.condition.value
    plain = [
        value.translate({number: " " for number in (*range(32), 127) if number not in b"\n\r\t\b\f"})
        for value in values
    ]
    assert found == plain
    for value in values:
        condition = parse(soql.select(["Id"], "Report", f"Name LIKE {soql.like(value)}")).condition
        assert isinstance(condition, Comparison)


def test_parts_of_queries() -> None:
    assert soql.like("50%_'\\") == r"'%50\%\_\'\\%'"
    assert soql.text("a'b\n\ud800") == r"'a\'b\n?'"
    assert soql.instant(datetime(2026, 3, 2, 10, tzinfo=timezone(timedelta(hours=1)))) == "2026-03-02T09:00:00Z"
    with pytest.raises(ValueError, match="not the name of a field"):
        soql.select(["Id, Name"], "Task", "Id != null")


@pytest.mark.parametrize("path", ["https://evil.example/", "/services/data/v62.0/query/../sobjects", "//evil", "/x"])
async def test_a_next_page_is_a_path_of_the_api(path: str) -> None:
    rest: Any = RestClient.__new__(RestClient)
    with pytest.raises(CrmError, match="ANSWER_INVALID"):
        await next_page(rest, path)


def reply(status: int, body: Any) -> Reply:
    return Reply(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_errors_have_codes() -> None:
    for name in ("UNABLE_TO_LOCK_ROW", "REQUIRED_FIELD_MISSING", "CANNOT_UPDATE_CONVERTED_LEAD", "QUERY_TIMEOUT"):
        assert error_of(name, "m").code is CrmCode.of(name)
    assert error_of("CANNOT_EXECUTE_FLOW_TRIGGER", "m").code is CrmCode.CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY
    assert error_of("REQUEST_RUNNING_TOO_LONG", "m").code.is_retried
    assert error_of("TXN_SECURITY_METERING_ERROR", "m").code.is_retried
    expired = error_of("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "m")
    assert expired.category is CrmCategory.AUTHENTICATION
    assert error_of("INVALID_FIELD", "Read timed out").code is CrmCode.QUERY_TIMEOUT
    assert error_of("INVALID_FIELD", "No such column").code.category is CrmCategory.VALIDATION
    unknown = error_of("SOMETHING_NEW", "Message", ["Subject", 5])
    assert (unknown.code, unknown.name, unknown.detail) == (CrmCode.OTHER, "SOMETHING_NEW", "Message (Subject)")
    cases: list[tuple[int, Any, CrmCode, bool]] = [
        (401, [{"message": "Session expired", "errorCode": "INVALID_SESSION_ID"}], CrmCode.EXPIRED_ACCESS, False),
        (403, b"<html>", CrmCode.INSUFFICIENT_ACCESS_OR_READONLY, False),
        (403, [{"message": "x", "errorCode": "API_DISABLED_FOR_ORG"}], CrmCode.API_CURRENTLY_DISABLED, False),
        (404, [], CrmCode.NOT_FOUND, False),
        (400, [{"message": "x"}], CrmCode.REQUEST_INVALID, False),
        (414, b"", CrmCode.REQUEST_INVALID, False),
        (429, b"", CrmCode.REQUEST_LIMIT_EXCEEDED, False),
        (302, b"", CrmCode.ANSWER_INVALID, False),
        (500, b"<html>", CrmCode.SERVER_UNAVAILABLE, True),
        (502, b"", CrmCode.SERVER_UNAVAILABLE, True),
        (503, {"message": "x", "errorCode": "SERVER_UNAVAILABLE"}, CrmCode.SERVER_UNAVAILABLE, False),
        (503, b"[" * 100_000, CrmCode.SERVER_UNAVAILABLE, True),
    ]
    for status, body, code, in_doubt in cases:
        error = error_of_reply(reply(status, body), writes=True)
        assert (error.code, error.in_doubt) == (code, in_doubt), (status, body)
        assert not error_of_reply(reply(status, body), writes=False).in_doubt


def test_errors_of_logins_have_codes() -> None:
    cases = {
        ("invalid_grant", "expired access/refresh token"): CrmCode.EXPIRED_ACCESS,
        ("invalid_grant", "authentication failure"): CrmCode.AUTHENTICATION_FAILURE,
        ("invalid_grant", "ip restricted or invalid login hours"): CrmCode.INVALID_GRANT,
        ("invalid_grant", "user hasn't approved this consumer"): CrmCode.INVALID_GRANT,
        ("invalid_grant", "Audience validation failed"): CrmCode.AUTHENTICATION_FAILURE,
        ("invalid_grant", "inactive user"): CrmCode.INACTIVE_USER,
        ("invalid_grant", "something else"): CrmCode.INVALID_GRANT,
        ("inactive_org", ""): CrmCode.INACTIVE_ORGANIZATION,
        ("invalid_client_id", "client identifier invalid"): CrmCode.AUTHENTICATION_FAILURE,
        ("rate_limit_exceeded", ""): CrmCode.REQUEST_LIMIT_EXCEEDED,
        ("unknown_error", "retry your request"): CrmCode.SERVER_UNAVAILABLE,
    }
    for (error, description), code in cases.items():
        assert oauth_error(reply(400, {"error": error, "error_description": description})).code is code
    assert oauth_error(reply(503, b"<html>")).code is CrmCode.SERVER_UNAVAILABLE
    assert oauth_error(reply(404, b"<html>")).code is CrmCode.ANSWER_INVALID


def test_the_clock_of_an_answer() -> None:
    assert Reply(200, {"date": "Mon, 02 Mar 2026 09:00:00 GMT"}, b"").date == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert Reply(200, {"date": "yesterday"}, b"").date is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("120", 120),
        ("9" * 400, 10**9),
        ("Mon, 02 Mar 2026 09:00:00 GMT", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("", None),
    ],
)
def test_an_answer_says_when_salesforce_accepts_requests_again(value: str, found: object) -> None:
    answer = Reply(429, {"retry-after": value}, b"")
    error = CrmError(CrmCode.REQUEST_LIMIT_EXCEEDED, retry_after=answer.retry_after)
    for each in (error, error_of_reply(answer, writes=True), oauth_error(answer)):
        assert without_secrets(each, {}).retry_after == found
