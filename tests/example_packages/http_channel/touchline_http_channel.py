"""A channel for a service that takes emails over HTTP and limits how many it takes."""

from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

import httpx
from touchline.partners import AccountUnavailableError, Channel, Outcome, Receipt, Session, hookimpl

touchline_contract = "1.0"

WITHDRAWN = Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "The email was withdrawn before it was sent.")
NOT_CONFIGURED = "Set EXAMPLEMAIL_URL and EXAMPLEMAIL_TOKEN."


class ExampleMailSession(Session):
    def __init__(self, client, stream):
        self.client, self.stream = client, stream

    async def deliver(self, outgoing, about_to_transmit):
        headers = {
            "Content-Type": "message/rfc822",
            "Idempotency-Key": outgoing.send_id,  # if the email is tried again, the service sends it once
            "ExampleMail-To": outgoing.recipient,
            "ExampleMail-From": outgoing.envelope_from,
        }
        if not await about_to_transmit():
            return WITHDRAWN
        try:
            answer = await self.client.post(f"/{self.stream}", content=outgoing.message, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout):  # nothing was sent
            return Receipt(Outcome.ACCOUNT_UNAVAILABLE, "CONNECTION_FAILED", "The service cannot be reached.")
        except httpx.HTTPError as error:
            return Receipt(Outcome.IN_DOUBT, "CONNECTION_LOST", f"The service did not answer ({type(error).__name__}).")
        return receipt_of(answer)


def receipt_of(answer):
    """Return what an answer of the service means."""
    code, wait = f"HTTP_{answer.status_code}", retry_after(answer.headers.get("Retry-After", ""))
    match answer.status_code:
        case status if 200 <= status < 300:
            return Receipt(Outcome.SENT, code, "The service accepted the email.")
        case 429:  # the account has sent too much: all of its emails wait
            detail = "The service has limited the account's rate."
            return Receipt(Outcome.ACCOUNT_UNAVAILABLE, code, detail, retry_after=wait)
        case 503:  # the service takes no email at the moment
            return Receipt(Outcome.ACCOUNT_UNAVAILABLE, code, "The service is busy.", retry_after=wait)
        case 401 | 403:
            return Receipt(Outcome.ACCOUNT_UNAVAILABLE, code, "The service does not accept the token.")
        case status if status < 400 or status in (404, 405):  # a redirect is never followed
            return Receipt(Outcome.ACCOUNT_UNAVAILABLE, code, "EXAMPLEMAIL_URL is not the URL of the service.")
        case 408:
            return Receipt(Outcome.DEFERRED, code, "The service did not get the email in time.", retry_after=wait)
        case 413:
            return Receipt(Outcome.SOFT_BOUNCE, code, "The email is too large for the service.")
        case status if status >= 500 or status == 409:  # 409: the service knows the key from an earlier request
            return Receipt(Outcome.IN_DOUBT, code, "The service may have sent the email.")
    return Receipt(Outcome.FAILED, code, "The service rejected the email.")


def retry_after(value):
    """Return the seconds or the time of a Retry-After header (RFC 9110), or None."""
    if value.isdecimal():
        return float(value)
    try:
        found = parsedate_to_datetime(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


class ExampleMailChannel(Channel):
    key = "examplemail"
    labels = {"en": "ExampleMail", "de": "ExampleMail"}
    config_schema = {
        "type": "object",
        "properties": {
            "stream": {"type": "string", "pattern": "^[a-z]+$", "description": "The stream's name, a to z."}
        },
        "required": ["stream"],
        "additionalProperties": False,
    }

    def __init__(self, environment, transport=None):
        self.url, self.token = environment.get("EXAMPLEMAIL_URL", ""), environment.get("EXAMPLEMAIL_TOKEN", "")
        self.transport = transport

    def account(self, config):
        return f"examplemail:{config['stream']}"

    def sessions(self, config):
        return 2

    async def trouble(self):
        return None if self.url and self.token else NOT_CONFIGURED

    @asynccontextmanager
    async def connect(self, config):
        if not self.url or not self.token:
            raise AccountUnavailableError("NOT_CONFIGURED", NOT_CONFIGURED, here=True)
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=30, transport=self.transport, follow_redirects=False
        ) as client:
            yield ExampleMailSession(client, config["stream"])


@hookimpl
def touchline_register_channels(environment):
    return [ExampleMailChannel(environment)]
