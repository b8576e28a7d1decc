"""Which opens and clicks count as a person's: a table of User-Agents of mail programs, proxies and gateways."""

from datetime import UTC, datetime, timedelta

import pytest

from api.services.tracking.machine_rules import (
    Agent,
    EarlierClick,
    Hit,
    MachineReason,
    agent_of,
    clicked_together,
    judge,
)

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SENT = NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("user_agent", "agent"),
    [
        (CHROME, Agent.BROWSER),
        (f"{CHROME} Edg/146.0.0.0", Agent.BROWSER),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
         Agent.BROWSER),
        ("Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
         Agent.BROWSER),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)", Agent.BROWSER),
        ("Mozilla/4.0 (compatible; ms-office; MSOffice 16)", Agent.MAIL_PROGRAM),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)", Agent.MAIL_PROGRAM),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.1", Agent.MAIL_PROGRAM),
        ("Outlook-iOS/723.4027091.prod.iphone", Agent.MAIL_PROGRAM),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
         Agent.GMAIL_PROXY),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", Agent.YAHOO_PROXY),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135"
         " Safari/537.36 Edge/12.246 Mozilla/5.0", Agent.GMAIL_PREFETCH),
        ("Mozilla/5.0", Agent.APPLE_PRIVACY),
        ("Barracuda Sentinel (EE)", Agent.GATEWAY),
        ("Microsoft Office Existence Discovery", Agent.GATEWAY),
        ("Microsoft Office SafeLinks Protection", Agent.GATEWAY),
        ("Mozilla/5.0 (compatible; Mimecast URL Protect)", Agent.GATEWAY),
        ("Proofpoint URL Defense", Agent.GATEWAY),
        ("Cisco-ESA/14.0", Agent.GATEWAY),
        ("Mozilla/5.0 (Windows NT 6.1) SkypeUriPreview Preview/0.5", Agent.GATEWAY),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", Agent.GATEWAY),
        ("facebookexternalhit/1.1", Agent.GATEWAY),
        ("WhatsApp/2.23", Agent.GATEWAY),
        ("", Agent.PROGRAM),
        ("  ", Agent.PROGRAM),
        ("curl/8.1.2", Agent.PROGRAM),
        ("python-requests/2.31.0", Agent.PROGRAM),
        ("Python/3.10 aiohttp/3.8.1", Agent.PROGRAM),
        ("Go-http-client/1.1", Agent.PROGRAM),
        ("Java/17.0.1", Agent.PROGRAM),
        ("okhttp/4.10.0", Agent.PROGRAM),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Agent.PROGRAM),
        (f"{CHROME.replace('Chrome', 'HeadlessChrome')}", Agent.PROGRAM),
        ("x" * 100_000, Agent.BROWSER),
        ("\n\x00\u2028", Agent.BROWSER),
    ],
)  # fmt: skip
def test_what_a_user_agent_stands_for(user_agent: str, agent: Agent) -> None:
    assert agent_of(user_agent) is agent


def hit(agent: Agent = Agent.BROWSER, at: datetime = NOW, url: str = "https://a.example/") -> Hit:
    return Hit("h", at, agent, bool(url), url)


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        (Agent.BROWSER, None),
        (Agent.MAIL_PROGRAM, None),
        (Agent.GMAIL_PROXY, None),
        (Agent.YAHOO_PROXY, None),
        (Agent.GMAIL_PREFETCH, MachineReason.GMAIL_PREFETCH),
        (Agent.APPLE_PRIVACY, MachineReason.APPLE_PRIVACY),
        (Agent.GATEWAY, MachineReason.GATEWAY),
        (Agent.PROGRAM, MachineReason.PROGRAM),
    ],
)
def test_whether_an_agent_is_a_machine(agent: Agent, reason: MachineReason | None) -> None:
    for url in ("https://a.example/", ""):
        assert judge(hit(agent, url=url), SENT) is reason


@pytest.mark.parametrize(
    ("seconds", "click", "opened"),
    [(-30, True, True), (0, True, True), (1.9, True, True), (2, True, False), (14.9, True, False), (15, False, False)],
)
def test_what_comes_too_soon_is_a_machine(seconds: float, click: bool, opened: bool) -> None:
    at = SENT + timedelta(seconds=seconds)
    assert (judge(hit(at=at), SENT) is MachineReason.SOON_AFTER_SENDING) is click
    assert (judge(hit(at=at, url=""), SENT) is MachineReason.SOON_AFTER_SENDING) is opened
    assert judge(hit(at=at), None) is None


@pytest.mark.parametrize(
    ("url", "seconds", "machine", "together"),
    [
        ("https://b.example/", 5, None, True),
        ("https://b.example/", -5, None, True),
        ("https://b.example/", 5.1, None, False),
        ("https://a.example/", 1, None, False),
        ("https://b.example/", 1, MachineReason.SOON_AFTER_SENDING, True),
        ("https://b.example/", 1, MachineReason.SEVERAL_LINKS, True),
        ("https://b.example/", 1, MachineReason.GATEWAY, False),
    ],
)
def test_which_clicks_were_made_together(
    url: str, seconds: float, machine: MachineReason | None, together: bool
) -> None:
    earlier = EarlierClick("e", NOW - timedelta(seconds=seconds), url, machine)
    assert clicked_together(hit(), [earlier]) == ([earlier] if together else [])
