"""The OAuth endpoints: three ways to a token, refresh with rotation, revocation, userinfo.

https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm (JWT bearer),
…?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm, …?id=xcloud.remoteaccess_oauth_web_server_flow.htm
(with PKCE), …?id=xcloud.remoteaccess_oauth_refresh_token_flow.htm, …?id=xcloud.remoteaccess_revoke_token.htm and
…?id=xcloud.remoteaccess_oauth_flow_errors.htm (errors)
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.salesforce.org import Org

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CODE_LIFETIME = timedelta(minutes=15)
MAX_ASSERTION_LIFETIME = timedelta(minutes=5)
AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")


@dataclass
class App:
    """A connected app of the org."""

    client_id: str = "3MVG9.touchline"
    client_secret: str = "the-secret-of-the-app"
    public_key: RSAPublicKey | None = None
    """The key of the certificate that was uploaded for JWT bearer."""
    callback: str = ""
    approved: set[str] = field(default_factory=set)
    """The names of users who may use JWT bearer (pre-authorized)."""
    run_as: str | None = None
    """The user id of the client credentials flow."""
    rotates: bool = False
    """Whether each refresh gives a new refresh token, and ends the old one."""
    requires_pkce: bool = True
    requires_secret: bool = True


class OAuthError(Exception):
    """An error of an OAuth endpoint, as RFC 6749 describes it."""

    def __init__(self, error: str, description: str) -> None:
        self.body = {"error": error, "error_description": description}


@dataclass
class _Code:
    user: str
    redirect_uri: str
    challenge: str
    until: datetime


class OAuth:
    """The tokens of an org."""

    def __init__(self, org: Org, app: App) -> None:
        self.org, self.app = org, app
        self.url = ""
        self.access: dict[str, str] = {}
        """The user of each access token."""
        self.refresh: dict[str, str] = {}
        """The user of each refresh token."""
        self.codes: dict[str, _Code] = {}
        self.ip_restricted = False
        self.browser_user: str | None = org.admin
        """Who is logged in in the browser. None: the user denies the access."""

    def authorize(self, query: dict[str, str]) -> str:
        """Return where the browser goes after the user's approval."""
        back = query.get("redirect_uri", "")
        if query.get("client_id") != self.app.client_id or (self.app.callback and back != self.app.callback):
            raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
        state = {"state": query["state"]} if "state" in query else {}
        challenge = query.get("code_challenge", "")
        if self.app.requires_pkce and (not challenge or query.get("code_challenge_method") != "S256"):
            return self._back(back, state, error="invalid_request", error_description="missing required code challenge")
        if self.browser_user is None:
            return self._back(back, state, error="access_denied", error_description="end-user denied authorization")
        code = f"aPrx{secrets.token_urlsafe(20)}=="
        self.codes[code] = _Code(self.browser_user, back, challenge, self.org.time() + CODE_LIFETIME)
        return self._back(back, state, code=code)

    @staticmethod
    def _back(redirect_uri: str, state: dict[str, str], **values: str) -> str:
        return f"{redirect_uri}?{urlencode(values | state)}"

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """Answer a request for a token. Raises OAuthError."""
        grants = {
            JWT_GRANT: self._by_assertion,
            "client_credentials": self._by_credentials,
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        user, refresh = grant(form)
        return self._issue(user, refresh)

    def revoke(self, token: str) -> bool:
        """End a token. A refresh token ends the access tokens of its user as well."""
        user = self.refresh.pop(token, None)
        if user is not None:
            self.access = {access: owner for access, owner in self.access.items() if owner != user}
        return self.access.pop(token, user) is not None

    def userinfo(self, user_id: str) -> dict[str, Any]:
        """https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_using_userinfo_endpoint.htm"""
        user, org = self._user(user_id), self.org.organization
        return {
            "sub": f"{self.url}/id/{org}/{user_id}",
            "user_id": user_id,
            "organization_id": org,
            "preferred_username": user["Username"],
            "name": user["Name"],
            "email": user["Email"],
            "zoneinfo": user["TimeZoneSidKey"],
            "active": user["IsActive"],
            "urls": {"rest": f"{self.url}/services/data/v{{version}}/", "custom_domain": self.url},
        }

    def _issue(self, user_id: str, refresh: str | None) -> dict[str, Any]:
        if not self.org.is_active:
            raise OAuthError("inactive_org", "organization is locked, closed, or suspended")
        if not self._user(user_id)["IsActive"]:
            raise OAuthError("inactive_user", "user is inactive")
        if self.ip_restricted:
            raise OAuthError("invalid_grant", "ip restricted or invalid login hours")
        token = f"{self.org.organization[:15]}!{secrets.token_urlsafe(40)}"
        self.access[token] = user_id
        found = {
            "access_token": token,
            "instance_url": self.url,
            "id": f"{self.url}/id/{self.org.organization}/{user_id}",
            "token_type": "Bearer",
            "issued_at": str(int(self.org.time().timestamp() * 1000)),
            "signature": "c2lnbmF0dXJl",
            "scope": "refresh_token api",
        }
        return found | ({"refresh_token": refresh} if refresh else {})

    def _by_credentials(self, form: dict[str, str]) -> tuple[str, None]:
        self._check_client(form, secret=True)
        if self.app.run_as is None:
            raise OAuthError("invalid_grant", "no client credentials user enabled")
        return self.app.run_as, None

    def _by_code(self, form: dict[str, str]) -> tuple[str, str]:
        self._check_client(form, secret=self.app.requires_secret)
        found = self.codes.pop(form.get("code", ""), None)
        if found is None or found.until < self.org.time():
            raise OAuthError("invalid_grant", "expired authorization code")
        if form.get("redirect_uri") != found.redirect_uri:
            raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if found.challenge and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != found.challenge:
            raise OAuthError("invalid_grant", "invalid code verifier")
        return found.user, self._new_refresh(found.user)

    def _by_refresh(self, form: dict[str, str]) -> tuple[str, str | None]:
        self._check_client(form, secret=self.app.requires_secret)
        old = form.get("refresh_token", "")
        if old not in self.refresh:
            raise OAuthError("invalid_grant", "expired access/refresh token")
        user = self.refresh[old]
        if not self.app.rotates:
            return user, None
        del self.refresh[old]
        return user, self._new_refresh(user)

    def _by_assertion(self, form: dict[str, str]) -> tuple[str, None]:
        """The claims must be signed with RS256 by the key of the app's certificate."""
        claims = self._verified(form.get("assertion", ""))
        if claims.get("iss") != self.app.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if claims.get("aud") not in (*AUDIENCES, self.url):
            raise OAuthError("invalid_grant", "audience is invalid")
        until, now = int(claims.get("exp", 0)), self.org.time()
        if not now.timestamp() < until <= (now + MAX_ASSERTION_LIFETIME).timestamp():
            raise OAuthError("invalid_grant", "assertion is expired or its exp is too far away")
        users = [user for user in self.org.records("User") if user["Username"] == claims.get("sub")]
        if not users or users[0]["Username"] not in self.app.approved:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        return users[0]["Id"], None

    def _verified(self, assertion: str) -> dict[str, Any]:
        try:
            header, claims, signature = assertion.split(".")
            if _decoded(header).get("alg") != "RS256" or self.app.public_key is None:
                raise ValueError("RS256 is required")
            self.app.public_key.verify(
                _bytes(signature), f"{header}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            return _decoded(claims)
        except (ValueError, InvalidSignature):
            raise OAuthError("invalid_grant", "invalid assertion") from None

    def _check_client(self, form: dict[str, str], *, secret: bool) -> None:
        if form.get("client_id") != self.app.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if secret and form.get("client_secret") != self.app.client_secret:
            raise OAuthError("invalid_client", "invalid client credentials")

    def _new_refresh(self, user: str) -> str:
        token = f"5Aep861{secrets.token_urlsafe(40)}"
        self.refresh[token] = user
        return token

    def _user(self, user_id: str) -> dict[str, Any]:
        found = self.org.find(user_id)
        assert found is not None
        return found


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _decoded(text: str) -> dict[str, Any]:
    found = json.loads(_bytes(text))
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found
