"""The requests of OAuth: three ways to a token, refresh, the page of approval, revocation.

https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm (RS256, exp within some minutes; the
audience is login.salesforce.com, test.salesforce.com or a site),
…?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm, …?id=xcloud.remoteaccess_oauth_web_server_flow.htm (PKCE),
…?id=xcloud.remoteaccess_oauth_refresh_token_flow.htm and …?id=xcloud.remoteaccess_revoke_token.htm
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from plugins.crms.access import Consent, CrmAccess
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.salesforce import settings
from plugins.crms.salesforce.settings import (
    ACCESS_TOKEN,
    IDENTITY_URL,
    INSTANCE_URL,
    LOGIN_URL,
    REFRESH_TOKEN,
    Settings,
    checked_token,
    checked_url,
)
from plugins.crms.salesforce.transport.errors import oauth_error, without_secrets
from plugins.crms.salesforce.transport.http import Reply, send
from plugins.crms.salesforce.transport.json_reading import read_json, record
from plugins.crms.salesforce.transport.limits import ClientLimits

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "api refresh_token id"
ASSERTION_SECONDS = 180
MAX_TOKEN_SECONDS = 25.0
"""A host waits 60 s for new tokens, and two requests can be needed."""
MAX_SKEW = timedelta(seconds=60)
"""If the clocks differ more and the assertion is refused, it is signed again with Salesforce's time."""


class OAuthClient:
    """The OAuth endpoints of one connection."""

    def __init__(
        self, client: httpx.AsyncClient, limits: ClientLimits, access: CrmAccess, read: Settings, *, loopback: bool
    ) -> None:
        self.client, self.access, self.settings, self.loopback = client, access, read, loopback
        self.limits = replace(limits, total_seconds=min(limits.total_seconds, MAX_TOKEN_SECONDS), max_bytes=100_000)

    async def tokens(self, secrets: Mapping[str, str], now: datetime) -> dict[str, str]:
        """Get new tokens with the stored secrets. Raises CrmError."""
        if self.access.way == settings.JWT:
            return await self._by_assertion(secrets, now)
        if self.access.way == settings.CREDENTIALS:
            form = {"grant_type": "client_credentials", "client_secret": secrets.get("client_secret", "")}
            return self._read(await self._ask(form | self._client_id()), secrets)
        if self.access.way == settings.CODE:
            refresh = secrets.get(REFRESH_TOKEN)
            if not refresh:
                raise CrmError(CrmCode.EXPIRED_ACCESS, "there is no refresh token")
            form = {"grant_type": "refresh_token", REFRESH_TOKEN: refresh}
            return self._read(await self._ask(form | self._client_id() | self._secret(secrets)), secrets)
        raise CrmError(CrmCode.AUTHENTICATION_FAILURE, f"Salesforce has no way to connect {self.access.way[:40]!r}")

    async def redeem(self, consent: Consent, code: str) -> dict[str, str]:
        """Exchange the code of an approval for tokens. Raises CrmError."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": consent.redirect_uri,
            "code_verifier": consent.code_verifier,
        }
        secrets = dict(self.access.secrets) | {"code": code, "code_verifier": consent.code_verifier}
        tokens = self._read(await self._ask(form | self._client_id() | self._secret(secrets)), secrets)
        if REFRESH_TOKEN not in tokens:
            raise CrmError(
                CrmCode.INVALID_GRANT, "the app gives no refresh token: add the scope refresh_token, offline_access"
            )
        return tokens

    async def revoke(self) -> None:
        """Revoke the refresh token, which ends its access tokens, or else the access token. Raises CrmError."""
        token = self.access.secrets.get(REFRESH_TOKEN) or self.access.secrets.get(ACCESS_TOKEN)
        if not token:
            return
        url = f"{self.settings.login_url}/services/oauth2/revoke"
        reply = await send(self.client, self.limits, "POST", url, writes=False, data={"token": token})
        if reply.status >= 500:
            raise without_secrets(oauth_error(reply), self.access.secrets)

    async def _by_assertion(self, secrets: Mapping[str, str], now: datetime) -> dict[str, str]:
        chosen = self.access.values.get("audience")
        audience = chosen or self.settings.login_url
        form = self._assertion(secrets, now, audience)
        reply = await self._ask(form)
        is_skewed = reply.date is not None and abs(reply.date - now) > MAX_SKEW
        is_unknown = not chosen and b"audience" in reply.body.lower()
        if reply.status == 400 and (is_skewed or is_unknown):
            at = reply.date if reply.date and is_skewed else now
            form = self._assertion(secrets, at, _general_audience(audience) if is_unknown else audience)
            reply = await self._ask(form)
        return self._read(reply, {**secrets, "assertion": form["assertion"]})

    def _assertion(self, secrets: Mapping[str, str], now: datetime, audience: str) -> dict[str, str]:
        claims = {
            "iss": self.access.values.get("client_id", ""),
            "sub": self.access.values.get("username", ""),
            "aud": audience.rstrip("/"),
            "exp": int(now.timestamp()) + ASSERTION_SECONDS,
        }
        signed = f"{_encoded(json.dumps({'alg': 'RS256'}).encode())}.{_encoded(json.dumps(claims).encode())}"
        signature = _private_key(secrets.get("private_key", "")).sign(
            signed.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        return {"grant_type": JWT_GRANT, "assertion": f"{signed}.{_encoded(signature)}"}

    async def _ask(self, form: Mapping[str, str]) -> Reply:
        url = f"{self.settings.login_url}/services/oauth2/token"
        return await send(self.client, self.limits, "POST", url, writes=False, data=dict(form))

    def _read(self, reply: Reply, secrets: Mapping[str, str]) -> dict[str, str]:
        """Return the tokens of an answer. No secret of the request is in the error."""
        if reply.status != 200:
            raise without_secrets(oauth_error(reply), secrets)
        body = record(read_json(reply.body, quotes=False))
        tokens = {
            ACCESS_TOKEN: checked_token(body.get(ACCESS_TOKEN)),
            INSTANCE_URL: checked_url(str(body.get(INSTANCE_URL, "")), loopback=self.loopback),
            IDENTITY_URL: str(body.get(IDENTITY_URL, ""))[:500],
        }
        if body.get(REFRESH_TOKEN):
            tokens[REFRESH_TOKEN] = checked_token(body[REFRESH_TOKEN])
        return tokens

    def _client_id(self) -> dict[str, str]:
        return {"client_id": self.access.values.get("client_id", "")}

    def _secret(self, secrets: Mapping[str, str]) -> dict[str, str]:
        found = secrets.get("client_secret")
        return {"client_secret": found} if found else {}


def consent_url(read: Settings, access: CrmAccess, consent: Consent) -> str:
    """Return the URL of the page of approval, with the challenge of PKCE (RFC 7636, S256)."""
    query = {
        "response_type": "code",
        "client_id": access.values.get("client_id", ""),
        "redirect_uri": consent.redirect_uri,
        "state": consent.state,
        "scope": SCOPE,
        "code_challenge": _encoded(hashlib.sha256(consent.code_verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    return f"{read.login_url}/services/oauth2/authorize?{urlencode(query)}"


def _general_audience(login_url: str) -> str:
    """Return the audience that the documentation names for an org: that of production, or that of sandboxes."""
    return "https://test.salesforce.com" if ".sandbox." in login_url else LOGIN_URL


def _private_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.strip().encode(), None)
    except (ValueError, TypeError):
        key = None
    except Exception as error:
        raise CrmError(
            CrmCode.AUTHENTICATION_FAILURE, f"the private key cannot be used: {type(error).__name__}"
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise CrmError(
            CrmCode.AUTHENTICATION_FAILURE, "the private key must be an RSA key in PEM format, not encrypted"
        )
    return key


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
