"""Compares the reading of mails with the expected verdicts of a folder: ``python -m tests.mail.reading.corpus FOLDER``.

FOLDER has ``expected.csv`` (file, kind, severity, recipients, status, reason) and the mails in ``mail/``.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.mail.reading import MailKind, MailReading, read_mail
from plugins.incoming import BounceKind


@dataclass(frozen=True)
class Expected:
    """A line of expected.csv."""

    file: str
    kind: str
    """bounce, complaint, auto_reply or delivered."""
    severity: str
    """hard, soft, mixed (both, in one mail), or empty."""
    recipients: int
    status: str
    reason: str


def read_expected(folder: Path) -> list[Expected]:
    """Return the lines of expected.csv."""
    with (folder / "expected.csv").open(encoding="utf-8", newline="") as lines:
        return [
            Expected(
                row["file"],
                row["kind"],
                row["severity"],
                int(row["recipients"] or 0),
                row["status"],
                row["reason"],
            )
            for row in csv.DictReader(lines)
        ]


def severity(reading: MailReading) -> str:
    """Return hard, soft, mixed, or an empty text for a mail that is not a bounce."""
    kinds = {each.kind for each in reading.failures}
    return (
        "mixed" if len(kinds) > 1 else {BounceKind.HARD: "hard", BounceKind.SOFT: "soft"}[kinds.pop()] if kinds else ""
    )


@dataclass(frozen=True)
class Score:
    """How often a rule holds."""

    name: str
    right: int
    total: int
    wrong: tuple[str, ...]

    @property
    def percent(self) -> float:
        return 100 * self.right / self.total if self.total else 100.0

    def __str__(self) -> str:
        return f"{self.name:28} {self.right:4} of {self.total:4}  {self.percent:5.1f} %"


def scores(pairs: Sequence[tuple[Expected, MailReading]]) -> Iterator[Score]:
    """Yield the figures."""

    def score(name: str, about: Sequence[tuple[Expected, MailReading]], right: object) -> Score:
        good = [pair for pair in about if right(*pair)]  # type: ignore[operator]
        wrong = tuple(pair[0].file for pair in about if pair not in good)
        return Score(name, len(good), len(about), wrong)

    bounces = [pair for pair in pairs if pair[0].kind == "bounce"]
    hard = [pair for pair in bounces if pair[0].severity == "hard"]
    soft = [pair for pair in bounces if pair[0].severity == "soft"]
    mixed = [pair for pair in bounces if pair[0].severity == "mixed"]
    others = [pair for pair in pairs if pair[0].kind != "bounce"]
    yield score("bounces found", bounces, lambda _, got: got.kind is MailKind.BOUNCE)
    yield score("hard found", hard, lambda _, got: severity(got) == "hard")
    yield score("soft called hard", soft, lambda _, got: severity(got) in ("hard", "mixed"))
    yield score("mixed found", mixed, lambda _, got: severity(got) == "mixed")
    yield score("recipients right", pairs, lambda want, got: len(got.people) == want.recipients)
    yield score("status right", bounces, lambda want, got: want.status in {each.status for each in got.failures})
    yield score(
        "others never bounce or reply", others, lambda _, got: got.kind not in (MailKind.BOUNCE, MailKind.REPLY)
    )
    for kind in (MailKind.COMPLAINT, MailKind.AUTO_REPLY):
        about = [pair for pair in others if pair[0].kind == kind.lower()]
        yield score(f"{kind.lower()} found", about, lambda _, got, kind=kind: got.kind is kind)


def read_folder(folder: Path) -> list[tuple[Expected, MailReading]]:
    """Read each mail of a folder."""
    return [(each, read_mail((folder / "mail" / each.file).read_bytes())) for each in read_expected(folder)]


def main(arguments: Sequence[str]) -> int:
    """Print the figures of a folder."""
    if len(arguments) != 1:
        print("usage: python -m tests.mail.reading.corpus FOLDER", file=sys.stderr)
        return 2
    for each in scores(read_folder(Path(arguments[0]))):
        print(each)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
