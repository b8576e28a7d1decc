"""The tables of docs/errors.md, generated from the codes."""

import re
from collections.abc import Callable, Iterable

from api.codes.crm.activities import CrmActivityCode
from api.codes.crm.connections import CrmConnectionCode
from api.codes.crm.person_records import CrmPersonCode
from api.codes.events.event_kinds import EventKind
from api.codes.reasons.channel_faults import ChannelFault
from api.codes.reasons.deliverability import DnsCode
from api.codes.reasons.incoming import AnswerCode
from api.codes.reasons.mail_reasons import MailReason
from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.bulk_actions import BulkCode
from api.codes.refusals.campaigns import CampaignCode
from api.codes.refusals.csv_files import CsvCode
from api.codes.refusals.emails import EmailCode
from api.codes.refusals.exports import ExportCode
from api.codes.refusals.jobs import JobCode
from api.codes.refusals.launches import LaunchCode
from api.codes.refusals.people import PersonCode
from api.codes.refusals.saved_filters import SavedFilterCode
from api.codes.refusals.tasks import TaskCode
from api.codes.refusals.templates import TemplateCode
from api.codes.refusals.workspaces import WorkspaceCode
from api.codes.request_errors.database import DatabaseCode
from api.codes.request_errors.http_answers import CloseCode, HttpCode
from api.codes.request_errors.inputs import InputCode
from api.codes.request_errors.queries import QueryCode
from api.codes.request_errors.requests import RequestCode
from plugins.codes import ChannelCode
from plugins.crms.codes import CrmCode
from plugins.mailboxes.codes import MailboxCode
from plugins.webhooks.codes import WebhookCode
from strategies.codes import Code, StrategyCode
from strategies.package_options.option_faults import OptionFault
from strategies.sentences.warning_codes import WarningCode

REFUSALS: tuple[type[Code], ...] = (
    BulkCode,
    CampaignCode,
    CrmConnectionCode,
    CrmActivityCode,
    CrmPersonCode,
    CsvCode,
    EmailCode,
    InputCode,
    JobCode,
    LaunchCode,
    PersonCode,
    SavedFilterCode,
    StrategyCode,
    TaskCode,
    ExportCode,
    TemplateCode,
    WorkspaceCode,
)
REASONS: tuple[type[Code], ...] = (ChannelCode, ChannelFault, ReasonCode)
MAILBOXES: tuple[type[Code], ...] = (MailboxCode,)
OPTION_FAULTS: tuple[type[Code], ...] = (OptionFault,)
ANSWERS: tuple[type[Code], ...] = (DatabaseCode, QueryCode, RequestCode)
MAIL_REASONS: tuple[type[Code], ...] = (MailReason,)
INCOMING: tuple[type[Code], ...] = (AnswerCode,)
DNS_FINDINGS: tuple[type[Code], ...] = (DnsCode,)
ALL_CODES = (
    *REFUSALS,
    *REASONS,
    *MAILBOXES,
    *OPTION_FAULTS,
    *ANSWERS,
    *MAIL_REASONS,
    *DNS_FINDINGS,
    *INCOMING,
    HttpCode,
    WebhookCode,
)
"""All classes of codes. Add a new class to one of these tables of docs/errors.md."""

TABLE = re.compile(r"(<!-- table: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(document: str) -> str:
    """Return a document with its tables generated again, each between `<!-- table: NAME -->` and `<!-- end -->`."""
    return TABLE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}", document)


def _event_kinds() -> str:
    rows = ((f"`{kind}`", kind.description, kind.data) for kind in EventKind)
    return _table(("kind", "what happened", "`data`"), rows)


def _codes(kinds: Iterable[type[Code]]) -> str:
    codes = sorted((code for kind in kinds for code in kind), key=str)
    return _table(("code", "meaning", "what to do"), ((f"`{code}`", code.when, code.do) for code in codes))


def _http_answers() -> str:
    rows = sorted((str(code.status), code.sentences[""], code.when, code.do) for code in HttpCode)
    return _table(("status", "answer", "meaning", "what to do"), rows)


def _close_codes() -> str:
    return _table(("number", "meaning"), ((str(code.value), code.when) for code in CloseCode))


def _warnings() -> str:
    return _table(("code", "meaning", "`values`"), ((f"`{code}`", code.when, code.values) for code in WarningCode))


def _crm_codes() -> str:
    rows = ((f"`{code}`", code.category, code.sentence, code.do) for code in sorted(CrmCode))
    return _table(("code", "category", "meaning", "what to do"), rows)


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, tuple("---" for _ in heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TABLES: dict[str, Callable[[], str]] = {
    "refusals": lambda: _codes(REFUSALS),
    "reasons": lambda: _codes(REASONS),
    "mail reasons": lambda: _codes(MAIL_REASONS),
    "mailboxes": lambda: _codes(MAILBOXES),
    "send options": lambda: _codes(OPTION_FAULTS),
    "dns findings": lambda: _codes(DNS_FINDINGS),
    "answers of the endpoint": lambda: _codes(ANSWERS),
    "incoming mails and events": lambda: _codes(INCOMING),
    "http answers": _http_answers,
    "close codes": _close_codes,
    "answers of webhooks": lambda: _codes((WebhookCode,)),
    "event kinds": _event_kinds,
    "warnings": _warnings,
    "crm": _crm_codes,
}
