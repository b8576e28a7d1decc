"""The documents say what the code says."""

import ast
import re
from dataclasses import fields
from pathlib import Path
from string import Formatter

import pytest

import strategies
import strategies.hookspecs
from api.cli.parser import build_parser
from api.cli.start_checks import check_packages
from api.http.monitoring import metrics_page
from api.http.monitoring.mailbox_metrics import MAILBOX_GAUGES
from api.services.common.metrics import Metrics
from api.settings import Settings, SettingsError
from api.store.engine.opening.database_url import URL_PARAMETERS
from plugins import (
    Channel,
    IncomingMail,
    MailBatch,
    Mailbox,
    MailboxSession,
    Outcome,
    Outgoing,
    Receipt,
    Session,
)
from plugins.channels.smtp import url
from plugins.loading.extension_points import EXTENSION_POINTS
from plugins.mailboxes.imap import url as imap_url
from strategies import ByValue, Note, Plural, Position, SendOption, StepContext
from strategies.sentences.explanation_sentences import RETIRED_SENTENCES, SENTENCES
from strategies.sentences.sentences import sentence
from strategies.sentences.warning_codes import WarningCode
from tests.source_code import called, source

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = re.compile(r"[A-Z][A-Z0-9]+(_[A-Z0-9]+)*")


def settings_table() -> str:
    """The table of settings as README.md must have it."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for setting in fields(Settings):
        default = f"`{setting.default}`" if setting.default else ""
        rows.append(f"| `{setting.metadata['name']}` | {default} | {setting.metadata['about']} |")
    return "\n".join(rows)


def test_the_readme_lists_the_settings() -> None:
    assert settings_table() in README, f"README.md must have:\n{settings_table()}"


def test_the_readme_lists_the_commands() -> None:
    choices = next(action.choices for action in build_parser()._actions if action.choices)
    for command in choices or ():
        assert f"`touchline {command}" in README


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOUCHLINE_PORT", "x"),
        ("TOUCHLINE_POLL_SECONDS", "0"),
        ("TOUCHLINE_GRAPHIQL", "maybe"),
        ("TOUCHLINE_PUBLIC_URL", "https://touchline.example"),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.read({name: value})


def test_another_package_of_our_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    check_packages()
    monkeypatch.setattr(strategies, "__file__", "/elsewhere/strategies/__init__.py")
    with pytest.raises(ValueError, match="/elsewhere/strategies"):
        check_packages()


def test_the_partners_guide_names_every_hook_and_method() -> None:
    guide = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    names = {point.hook for point in EXTENSION_POINTS}
    for kind in (SendOption, Channel, Session, Mailbox, MailboxSession):
        names |= {name for name in vars(kind) if not name.startswith("_")}
        names |= {name for name in vars(kind).get("__annotations__", {}) if not name.startswith("_")}
    names |= set(Outcome)
    assert {name for name in names if name not in guide} == set()


def tables(document: str) -> list[set[str]]:
    """What each table of a document lists."""
    parts = (ROOT / "docs" / document).read_text(encoding="utf-8").split("\n\n")
    return [set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) for part in parts]


@pytest.mark.parametrize("kind", [StepContext, Position, Note, Outgoing, Receipt, MailBatch, IncomingMail])
def test_the_partners_guide_has_a_table_of_what_a_package_is_given_and_gives(kind: type) -> None:
    names = {field.name for field in fields(kind)}
    names |= {name for name, value in vars(kind).items() if isinstance(value, property)}
    assert names in tables("plugins.md")


def test_the_partners_guide_has_a_table_of_all_outcomes() -> None:
    assert set(Outcome) in tables("plugins.md")


def test_the_operators_guide_names_every_metric() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    families = {f"touchline_{name}" for name in (*metrics_page.GAUGE_DESCRIPTIONS, *MAILBOX_GAUGES)}
    for family in Metrics().registry.collect():
        families.add(f"{family.name}_total" if family.type == "counter" else family.name)
    assert {name for name in families if f"`{name}`" not in guide} == set()


def test_the_operators_guide_names_every_parameter_of_the_database_s_url() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert {name for name in URL_PARAMETERS if f"`{name}`" not in guide} == set()


def test_the_operators_guide_names_every_option_of_a_mail_server_s_url() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    options = {*url.OPTIONS, *imap_url.OPTIONS}
    assert {name for name in options if f"| `{name}` |" not in guide} == set()


def test_every_warning_is_listed_with_the_values_of_its_sentences() -> None:
    for code in WarningCode:
        values = set(re.findall(r"`(\w+)`", code.values))
        assert code.sentences.keys() == {"en", "de"}, code
        for text in code.sentences.values():
            for form in text[1:] if isinstance(text, Plural) else [text]:
                assert {name for _, name, _, _ in Formatter().parse(form) if name} <= values
            assert not isinstance(text, Plural) or text.by in values


def test_every_code_of_an_explanation_is_listed_with_the_values_of_its_sentences() -> None:
    text = (ROOT / "docs" / "explanations.md").read_text(encoding="utf-8")
    table, older = text.split("\n\nEmails and tasks from before", 1)
    listed = re.findall(r"^\| `([A-Z0-9_]+)` \| [^|]+ \| ([^|]*) \|$", table, re.MULTILINE)
    values = {code: set(re.findall(r"`(\w+)`", told)) for code, told in listed}
    assert len(listed) == len(values)
    assert values.keys() == SENTENCES.keys()
    assert set(re.findall(r"`([A-Z0-9_]+)`", older)) == RETIRED_SENTENCES.keys()
    for code, by_language in (SENTENCES | RETIRED_SENTENCES).items():
        assert by_language.keys() == {"en", "de"}, code
    for code, by_language in SENTENCES.items():
        for told in by_language.values():
            for form in [told.other, *told.forms.values()] if isinstance(told, ByValue) else [str(told)]:
                assert {name for _, name, _, _ in Formatter().parse(form) if name} <= values[code]
            assert not isinstance(told, ByValue) or told.by in values[code]


def test_every_note_in_the_source_has_its_sentence() -> None:
    nodes = [node for folder, _, node in source().calls if folder != "plugins" and called(node) == "Note"]
    parts = [part for node in nodes for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
    assert {part.value for part in parts} <= SENTENCES.keys()
    assert len(parts) > 20


def test_every_warning_is_used_and_has_the_values_of_its_documentation() -> None:
    named = {member.name for member in source().members if member.of == "WarningCode" and member.folder != "plugins"}
    for _, _, node in source().calls:
        if ast.unparse(node.func).startswith("WarningCode."):
            code = WarningCode[ast.unparse(node.func).split(".")[1]]
            assert {keyword.arg for keyword in node.keywords} - {None} <= set(re.findall(r"`(\w+)`", code.values))
    assert named == set(WarningCode)


def test_a_sentence_has_a_singular_and_a_plural() -> None:
    assert sentence(WarningCode.EMAILS_LATE.note(emails=1)).startswith("The new time of 1 email has")
    assert sentence(WarningCode.EMAILS_LATE.note(emails=2)).startswith("The new time of 2 emails has")
    assert sentence(WarningCode.EMAILS_LATE.note(emails=1), "de").startswith("Der neue Zeitpunkt von 1 E-Mail ist")
