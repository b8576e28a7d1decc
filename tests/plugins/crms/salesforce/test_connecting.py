"""The ways to a token: requests, refresh, one new token after a 401, and errors without secrets."""

import base64
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from plugins.crms.access import Consent, CrmAccess
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.crm import Salesforce
from tests.live import PATIENCE
from tests.plugins.crms.salesforce.connecting import LIMITS, Host, access, connected, pem, rsa_key
from tests.salesforce.faults import FaultKind
from tests.salesforce.server import SalesforceServer

CRM = Salesforce(loopback=True, limits=LIMITS)


async def code_of(found: CrmAccess, host: Host) -> tuple[CrmCode, str]:
    with pytest.raises(CrmError) as caught:
        async with CRM.open(found, host) as session:
            await session.identify()
    for secret in host.secrets.values():
        assert secret not in str(caught.value)
    return caught.value.code, caught.value.detail


async def test_jwt_bearer(server: SalesforceServer) -> None:
    app, org = server.oauth.app, server.org
    app.public_key = rsa_key().public_key()
    app.approved.add("admin@acme.example")
    found = access(server, "jwt_bearer", username="admin@acme.example", private_key=pem(rsa_key()))
    host = Host(org, found.secrets)
    async with CRM.open(found, host) as session:
        identity = await session.identify()
    assert (identity.organization_name, identity.user_name, identity.user_id) == ("Acme", "Ada Admin", org.admin)
    assert (identity.user_address, identity.url) == ("admin@acme.example", server.url)
    assert (host.renewals, host.secrets["instance_url"]) == (1, server.url)
    # A clock that is an hour wrong is corrected by that of the answer.
    org.clock.skew = timedelta(hours=-1)
    async with CRM.open(found, Host(org, found.secrets)) as session:
        assert session.rest.secrets["access_token"]
    app.approved.clear()
    assert (await code_of(found, Host(org, found.secrets)))[0] is CrmCode.INVALID_GRANT
    other = access(server, "jwt_bearer", username="admin@acme.example", private_key="no key")
    assert (await code_of(other, Host(org, other.secrets)))[0] is CrmCode.AUTHENTICATION_FAILURE
    wrong = access(server, "jwt_bearer", username="x", private_key=pem(rsa_key()), client_id="other")
    assert (await code_of(wrong, Host(org, wrong.secrets)))[0] is CrmCode.AUTHENTICATION_FAILURE


@pytest.mark.parametrize(
    ("login_url", "audience"),
    [
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com", "https://test.salesforce.com"),
    ],
)
async def test_an_audience_that_is_not_my_domain(server: SalesforceServer, login_url: str, audience: str) -> None:
    asked: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        claims = parse_qs(request.content.decode())["assertion"][0].split(".")[1]
        asked.append(json.loads(base64.urlsafe_b64decode(claims + "=="))["aud"])
        body = {"access_token": "token", "instance_url": login_url, "id": f"{login_url}/id/a/b"}
        if asked[-1] != audience:
            body = {"error": "invalid_grant", "error_description": "audience is invalid"}
        status = 200 if asked[-1] == audience else 400
        return httpx.Response(status, stream=httpx.ByteStream(json.dumps(body).encode()))

    crm = Salesforce(limits=LIMITS, transport=httpx.MockTransport(answer))
    found = access(server, "jwt_bearer", login_url=login_url, username="a@acme.example", private_key=pem(rsa_key()))
    async with crm.open(found, Host(server.org, found.secrets)) as session:
        assert session.rest.secrets["access_token"] == "token"
    assert asked == [login_url, audience]
    chosen = access(server, "jwt_bearer", login_url=login_url, username="a", private_key=pem(rsa_key()), audience="x")
    with pytest.raises(CrmError, match="audience"):
        async with crm.open(chosen, Host(server.org, chosen.secrets)):
            pass
    assert asked[2:] == ["x"]


async def test_consent_with_pkce_and_rotating_refresh_tokens(server: SalesforceServer) -> None:
    app, org = server.oauth.app, server.org
    app.rotates, app.requires_secret, app.callback = True, False, "https://touchline.example/crm/callback"
    found = access(server, "authorization_code")
    consent = Consent(app.callback, "the-state", "v" * 64)
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        answer = await browser.get(CRM.consent_url(found, consent))
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["the-state"]
    with pytest.raises(CrmError) as caught:
        await CRM.redeem_consent(found, consent, "another-code")
    assert caught.value.code is CrmCode.EXPIRED_ACCESS
    secrets = await CRM.redeem_consent(found, consent, back["code"][0])
    found = access(server, "authorization_code", **secrets)
    host = Host(org, found.secrets)
    async with CRM.open(found, host) as session:
        await session.identify()
        assert host.renewals == 0
        server.expire_sessions()
        await session.identify()
        assert host.renewals == 1
        assert host.secrets["refresh_token"] != secrets["refresh_token"]
        # Another session has got a new token meanwhile: it is used, and no refresh token is spent.
        server.expire_sessions()
        async with CRM.open(CrmAccess(found.way, found.values, dict(host.secrets)), host) as other:
            await other.identify()
        await session.identify()
        assert host.renewals == 2
    await CRM.revoke(CrmAccess(found.way, found.values, host.secrets))
    assert server.oauth.refresh == {}
    assert (await code_of(CrmAccess(found.way, found.values, host.secrets), host))[0] is CrmCode.EXPIRED_ACCESS


async def test_errors_of_the_login(server: SalesforceServer) -> None:
    org, found = server.org, access(server)
    host = Host(org, found.secrets)
    assert (await code_of(found, host))[0] is CrmCode.INVALID_GRANT  # no run-as user
    server.oauth.app.run_as = org.admin
    server.oauth.ip_restricted = True
    assert (await code_of(found, host))[0] is CrmCode.INVALID_GRANT
    server.oauth.ip_restricted = False
    org.update(org.admin, {"IsActive": False}, system=True)
    assert (await code_of(found, host))[0] is CrmCode.INACTIVE_USER
    org.is_active = False
    assert (await code_of(found, host))[0] is CrmCode.INACTIVE_ORGANIZATION
    wrong = access(server, client_secret="another-secret")
    assert (await code_of(wrong, Host(org, wrong.secrets)))[0] is CrmCode.AUTHENTICATION_FAILURE
    for values, code in (
        ({"login_url": "http://10.0.0.1"}, CrmCode.URL_INVALID),
        ({"login_url": "https://user:password@acme.example"}, CrmCode.URL_INVALID),
        ({"api_version": "newest"}, CrmCode.REQUEST_INVALID),
        ({"api_version": "20.0"}, CrmCode.REQUEST_INVALID),
        ({"marker_field": "Id FROM Task"}, CrmCode.INVALID_FIELD),
        ({"opt_out_field": "Id = '"}, CrmCode.INVALID_FIELD),
    ):
        assert (await code_of(access(server, **values), host))[0] is code
    old = access(server, api_version="99.0")
    org.is_active = True
    org.update(org.admin, {"IsActive": True}, system=True)
    assert (await code_of(old, Host(org, old.secrets)))[0] is CrmCode.NOT_FOUND  # no such version of the API
    server.faults.add(FaultKind.ANSWER, on="userinfo", status=403, body="Bad_OAuth_Token")
    async with CRM.open(found, host) as session:
        assert (await session.identify()).user_name == "Ada Admin"  # an app without the scope id
    host.secrets = dict(found.secrets)
    server.faults.add(FaultKind.ANSWER, on="token", status=503, body="maintenance")
    assert (await code_of(found, host))[0] is CrmCode.SERVER_UNAVAILABLE
    closed = access(server, login_url="http://127.0.0.1:1")
    assert (await code_of(closed, host))[0] is CrmCode.UNREACHABLE


async def test_a_session_that_expires_in_the_middle(server: SalesforceServer) -> None:
    async with connected(server) as (session, host):
        server.faults.add(FaultKind.SESSION_EXPIRES, on="limits")
        use = await session.limits()
        assert use is not None
        assert (use.limit, server.calls["limits"], host.renewals) == (100_000, 2, 2)
        assert (host.uses[-1].used, host.uses[-1].limit) == (server.api_used, 100_000)
        host.refusal = CrmError(CrmCode.API_SHARE_USED)
        with pytest.raises(CrmError, match="API_SHARE_USED"):
            await session.limits()
        assert server.calls["limits"] == 2
        host.refusal = None
        server.org.clock.skew = timedelta(seconds=90)
        await session.limits()
        assert session.clock_skew == timedelta(seconds=90)
