"""Rules that distinguish the opens and clicks of people from those of machines. Pure: no I/O, no clock.

docs/answers.md explains the rules to users, and names their sources. A rule needs a sign that people almost never give,
because taking a person for a machine loses an answer, while taking a machine for a person only adds a count.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Agent(StrEnum):
    """The kind of program that loaded the pixel or followed the link, by its User-Agent."""

    BROWSER = "BROWSER"
    """A browser, or a mail program that names itself as one."""
    MAIL_PROGRAM = "MAIL_PROGRAM"
    """A mail program, such as Outlook or Thunderbird."""
    GMAIL_PROXY = "GMAIL_PROXY"
    """Gmail's image proxy, at the moment when a person opens the email."""
    YAHOO_PROXY = "YAHOO_PROXY"
    """Yahoo's image proxy, at the moment when a person opens the email."""
    GMAIL_PREFETCH = "GMAIL_PREFETCH"
    """Gmail, before it shows the email."""
    APPLE_PRIVACY = "APPLE_PRIVACY"
    """Apple's Mail Privacy Protection, which loads all images of all emails."""
    GATEWAY = "GATEWAY"
    """A security gateway that names itself, or a preview of a chat program."""
    PROGRAM = "PROGRAM"
    """A crawler, a script or a program without a name."""
    UNKNOWN = "UNKNOWN"
    """A provider reported no User-Agent. It counts as a person's."""


class MachineReason(StrEnum):
    """Why an open or a click counts as a machine's."""

    GMAIL_PREFETCH = "GMAIL_PREFETCH"
    APPLE_PRIVACY = "APPLE_PRIVACY"
    GATEWAY = "GATEWAY"
    PROGRAM = "PROGRAM"
    SOON_AFTER_SENDING = "SOON_AFTER_SENDING"
    """It came within seconds of the email."""
    SEVERAL_LINKS = "SEVERAL_LINKS"
    """Another link of the same email was clicked within seconds."""


CLICK_AFTER_SENDING = timedelta(seconds=15)
"""A click that comes sooner after the email was sent is a gateway's: it checks links before it delivers."""
OPEN_AFTER_SENDING = timedelta(seconds=2)
"""An open that comes sooner is a machine's. Some people have the mailbox open, so this is short."""
SEVERAL_LINKS_WITHIN = timedelta(seconds=5)
"""Two different links of one email, clicked within this time, are a gateway's clicks."""
REPORTED_AGAIN_AFTER = timedelta(hours=6)
"""Age of the last reported open, or click of the same link, after which another one is reported in the Live Feed."""

MACHINE_AGENTS: Mapping[Agent, MachineReason] = {
    Agent.GMAIL_PREFETCH: MachineReason.GMAIL_PREFETCH,
    Agent.APPLE_PRIVACY: MachineReason.APPLE_PRIVACY,
    Agent.GATEWAY: MachineReason.GATEWAY,
    Agent.PROGRAM: MachineReason.PROGRAM,
}
MAX_USER_AGENT = 1_000
"""Characters of a User-Agent that are read."""
_PATTERNS: Sequence[tuple[Agent, re.Pattern[str]]] = [
    (agent, re.compile(pattern, re.IGNORECASE))
    for agent, pattern in (
        (Agent.APPLE_PRIVACY, r"\s*Mozilla/5\.0\s*\Z"),
        (Agent.GMAIL_PREFETCH, r".*Chrome/42\.0\.2311\.135 Safari/537\.36 Edge/12\.246 Mozilla/5\.0\s*\Z"),
        (Agent.GMAIL_PROXY, r".*\bGoogleImageProxy\b"),
        (Agent.YAHOO_PROXY, r".*\bYahooMailProxy\b"),
        (
            Agent.GATEWAY,
            r".*(?:safe-?links|office existence discovery|office protocol discovery|microsoft url control|bingpreview"
            r"|skypeuripreview|proofpoint|urldefense|mimecast|barracuda|ironport|cisco-?(?:esa|secure|umbrella)"
            r"|message-?labs|symantec|trend ?micro|sophos|forti(?:guard|gate|mail)|zscaler|cloudmark|forcepoint"
            r"|fireeye|trellix|checkpoint|avanan|vade ?secure|hornetsecurity|retarus|spamtitan|virustotal|urlscan"
            r"|whatsapp|telegrambot|slackbot|linkexpanding|discordbot|facebookexternalhit|linkedinbot|twitterbot)",
        ),
        (
            Agent.PROGRAM,
            r"\s*\Z|.*(?:(?<!cu)bot\b|crawl|spider|slurp|scanner|headless|phantomjs|selenium|playwright|puppeteer"
            r"|url ?preview|link ?check|monitor|curl/|wget|libwww|python|aiohttp|httpx|okhttp|go-http-client|java/"
            r"|apache-httpclient|node-fetch|axios|undici|guzzle|ruby|perl|php/|winhttp|dotnet|powershell|postman)",
        ),
        (
            Agent.MAIL_PROGRAM,
            r".*(?:ms-?office|microsoft office|microsoft outlook|outlook-|thunderbird|mailbird|airmail)",
        ),
    )
]


class Hit(NamedTuple):
    """One load of a pixel, or one click, of a known email."""

    key: str
    at: datetime
    """When, UTC; in a sandbox by its clock."""
    agent: Agent
    clicked: bool
    """Whether it is a click. Otherwise it is an open."""
    url: str = ""
    """The clicked link; "" if it is unknown."""


class EarlierClick(NamedTuple):
    """A click that was judged before."""

    key: str
    at: datetime
    url: str
    machine: MachineReason | None


def agent_of(user_agent: str) -> Agent:
    """Return the kind of program that a User-Agent names.

    A program may give a wrong name: other rules find clicks that no person makes.
    """
    text = user_agent[:MAX_USER_AGENT].replace("\n", " ")
    return next((agent for agent, pattern in _PATTERNS if pattern.match(text)), Agent.BROWSER)


def judge(hit: Hit, sent_at: datetime | None) -> MachineReason | None:
    """Return why a hit by itself is a machine's; None if it shows no sign of a machine.

    ``sent_at`` is None if the time of sending cannot be used: a sandbox's clock stands still.
    """
    if (reason := MACHINE_AGENTS.get(hit.agent)) is not None:
        return reason
    limit = CLICK_AFTER_SENDING if hit.clicked else OPEN_AFTER_SENDING
    # A gateway follows links before it accepts the email, so a hit may be earlier than the email.
    return MachineReason.SOON_AFTER_SENDING if sent_at is not None and hit.at - sent_at < limit else None


def clicked_together(hit: Hit, earlier: Sequence[EarlierClick]) -> list[EarlierClick]:
    """Return earlier clicks of the email's other links that are so close that one program made all of them.

    ``earlier`` are clicks of the same email. A gateway that names itself does not explain the clicks of others.
    """
    return [
        click
        for click in earlier
        if click.url != hit.url
        and click.machine not in MACHINE_AGENTS.values()
        and abs(hit.at - click.at) <= SEVERAL_LINKS_WITHIN
    ]
