"""Apply opens and clicks: count them for their emails, and report them in the Live Feed.

A click is judged when it arrives. If another link of the email is clicked within seconds, both are a machine's: the
earlier click is corrected, and so are the counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple

from api.codes.events.event_kinds import EventKind
from api.services.common.request_context import sandbox_clocks
from api.services.tracking.machine_rules import (
    MACHINE_AGENTS,
    REPORTED_AGAIN_AFTER,
    SEVERAL_LINKS_WITHIN,
    Agent,
    EarlierClick,
    Hit,
    MachineReason,
    agent_of,
    clicked_together,
    judge,
)
from api.states import SendStatus
from api.store import engagement
from api.store.engagement import Click, EngagedEmail
from api.store.events.events import Data, Line, email_event, write
from plugins.incoming import ReportedKind

NEVER = datetime.max.replace(tzinfo=UTC)


class EmailHit(NamedTuple):
    """An open or a click of one email."""

    email_id: str
    hit: Hit


def email_hit(key: str, kind: ReportedKind, at: datetime, email_id: str, details: Mapping[str, Any]) -> EmailHit:
    """Return a stored event as an open or a click. ``key`` identifies it, and ``details`` are those of the event.

    An event of the tracking pages has its ``Agent`` as ``detail``: they do not store the User-Agent. A provider may
    report it as a program's (``machine``).
    """
    agent = Agent.__members__.get(details.get("detail", ""))
    if agent is None and details.get("machine"):
        agent = Agent.PROGRAM
    elif agent is None:
        agent = agent_of(details["user_agent"]) if "user_agent" in details else Agent.UNKNOWN
    clicked = kind is ReportedKind.CLICKED
    return EmailHit(email_id, Hit(key, at, agent, clicked, details.get("url", "") if clicked else ""))


async def record_hits(hits: Sequence[EmailHit]) -> set[str]:
    """Record opens and clicks, and report them in the Live Feed. Returns the keys of hits whose email exists.

    Call inside a transaction that also marks the events as done.
    """
    emails = {email.id: email for email in await engagement.lock_emails(each.email_id for each in hits)}
    clocks = await sandbox_clocks({email.workspace_id for email in emails.values() if email.sandbox})
    by_email: dict[str, list[Hit]] = {}
    for email_id, hit in sorted(hits, key=lambda each: (each.hit.at, each.hit.key)):
        if (email := emails.get(email_id)) is not None:
            at = clocks.get(email.workspace_id, hit.at) if email.sandbox else hit.at
            by_email.setdefault(email_id, []).append(hit._replace(at=at))
    lines = await _record_opens(
        {emails[key]: [hit for hit in found if not hit.clicked] for key, found in by_email.items()}
    )
    lines += await _record_clicks(
        {emails[key]: [hit for hit in found if hit.clicked] for key, found in by_email.items()}
    )
    await write(lines)
    return {hit.key for hit in chain.from_iterable(by_email.values())}


def _sent_at(email: EngagedEmail) -> datetime | None:
    """Return when an email was sent, for the rules. None in a sandbox, whose clock stands still, and if it is in doubt.

    Only a gateway that has rejected an email can open or click it before it is sent.
    """
    if email.sandbox or (email.sent_at is None and email.status is SendStatus.IN_DOUBT):
        return None
    return email.sent_at or NEVER


async def _record_opens(by_email: Mapping[EngagedEmail, Sequence[Hit]]) -> list[Line]:
    lines: list[Line] = []
    changed: list[EngagedEmail] = []
    for email, hits in by_email.items():
        now = email
        for hit in hits:
            reason = judge(hit, _sent_at(email))
            if reason is not None:
                if now.machine_opens == 0:
                    lines.append(_line(email, EventKind.OPENED, hit, _data(hit, reason)))
                now = now._replace(machine_opens=now.machine_opens + 1)
                continue
            if _is_new(now.open_reported_at, hit.at):
                lines.append(_line(email, EventKind.OPENED, hit, _data(hit, None)))
                now = now._replace(open_reported_at=hit.at)
            first = hit.at if now.opened_at is None else min(now.opened_at, hit.at)
            now = now._replace(opens=now.opens + 1, opened_at=first)
        if hits:
            changed.append(now)
    if changed:
        await engagement.write_opens(changed)
    return lines


async def _record_clicks(by_email: Mapping[EngagedEmail, Sequence[Hit]]) -> list[Line]:
    clicked = {email: hits for email, hits in by_email.items() if hits}
    if not clicked:
        return []
    ids, times = [email.id for email in clicked], [hit.at for hit in chain.from_iterable(clicked.values())]
    earlier: dict[str, list[Click]] = {}
    found = await engagement.clicks_between(ids, min(times) - SEVERAL_LINKS_WITHIN, max(times) + SEVERAL_LINKS_WITHIN)
    for click in found:
        earlier.setdefault(click.send_id, []).append(click)
    reported = await engagement.last_reported_clicks(ids)
    judged = [_judge_clicks(email, hits, earlier.get(email.id, []), reported) for email, hits in clicked.items()]
    await engagement.write_clicks(
        list(chain.from_iterable(each.new for each in judged)),
        {key: str(MachineReason.SEVERAL_LINKS) for each in judged for key in each.corrected},
    )
    return list(chain.from_iterable(each.lines for each in judged))


class _JudgedClicks(NamedTuple):
    """The clicks of one email after new ones were judged."""

    new: list[Click]
    corrected: list[str]
    """The ids of earlier clicks that turned out to be a machine's."""
    lines: list[Line]


def _judge_clicks(
    email: EngagedEmail, hits: Sequence[Hit], earlier_clicks: Sequence[Click], reported: dict[tuple[str, str], datetime]
) -> _JudgedClicks:
    clicks = {click.id: click for click in earlier_clicks}
    lines: list[Line] = []
    corrected: set[str] = set()
    machine_known = email.machine_clicks > 0
    for hit in hits:
        if hit.key in clicks:
            continue
        reason = judge(hit, _sent_at(email))
        together = (
            []
            if reason is not None and reason in MACHINE_AGENTS.values()
            else clicked_together(hit, _earlier(clicks.values()))
        )
        if together and reason is None:
            reason = MachineReason.SEVERAL_LINKS
        wrong = [clicks[each.key] for each in together if each.machine is None]
        for click in wrong:
            clicks[click.id] = click._replace(machine=str(MachineReason.SEVERAL_LINKS))
            corrected.add(click.id)
        if urls := sorted({click.url for click in wrong if click.reported}):
            data: Data = {"urls": urls, "machine": str(MachineReason.SEVERAL_LINKS)}
            lines.append(_line(email, EventKind.CLICKS_CORRECTED, hit, data))
        is_new = reason is None and _is_new(reported.get((email.id, hit.url)), hit.at)
        if is_new:
            reported[email.id, hit.url] = hit.at
        if is_new or (reason is not None and not machine_known):
            lines.append(_line(email, EventKind.CLICKED, hit, {"url": hit.url} | _data(hit, reason)))
        machine_known = machine_known or reason is not None
        clicks[hit.key] = Click(
            hit.key, email.workspace_id, email.id, hit.url, hit.at, None if reason is None else str(reason), is_new
        )
    earlier_ids = {click.id for click in earlier_clicks}
    return _JudgedClicks(
        [click for key, click in clicks.items() if key not in earlier_ids], sorted(corrected & earlier_ids), lines
    )


def _earlier(clicks: Iterable[Click]) -> list[EarlierClick]:
    return [
        EarlierClick(click.id, click.at, click.url, None if click.machine is None else MachineReason(click.machine))
        for click in clicks
    ]


def _is_new(reported_at: datetime | None, at: datetime) -> bool:
    return reported_at is None or at - reported_at >= REPORTED_AGAIN_AFTER


def _data(hit: Hit, reason: MachineReason | None) -> dict[str, str]:
    return {"agent": str(hit.agent)} | ({} if reason is None else {"machine": str(reason)})


def _line(email: EngagedEmail, kind: EventKind, hit: Hit, data: Data) -> Line:
    return email_event(email, kind, hit.at, data=data, campaign_id=email.campaign_id)
