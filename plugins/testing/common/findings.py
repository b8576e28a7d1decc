"""What the kit has found: the rule that is broken, what happens, and what to change."""

import os
import sys
import time
import warnings
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

_KIT = f"{Path(__file__).parents[1]}{os.sep}"
GUIDE = 'docs/plugins.md, "Test your package"'


class Rule(StrEnum):
    """A rule of the contract. The table in docs/plugins.md says what each one demands."""

    DECLARATIONS = "DECLARATIONS"
    LANGUAGES = "LANGUAGES"
    SCHEMA = "SCHEMA"
    CONFIG = "CONFIG"
    AVAILABILITY = "AVAILABILITY"
    RESOLVE = "RESOLVE"
    TIME_LIMIT = "TIME_LIMIT"
    CLOCK = "CLOCK"
    FILES = "FILES"
    NETWORK = "NETWORK"
    RANDOMNESS = "RANDOMNESS"
    SAME_ANSWER = "SAME_ANSWER"
    INPUT_UNCHANGED = "INPUT_UNCHANGED"
    READS = "READS"
    NOTES = "NOTES"
    EXPLANATION = "EXPLANATION"
    EDITED = "EDITED"
    PAUSED = "PAUSED"
    WINDOW = "WINDOW"
    ALLOWED = "ALLOWED"
    ACCOUNT = "ACCOUNT"
    SECRETS = "SECRETS"
    SESSIONS = "SESSIONS"
    TROUBLE = "TROUBLE"
    CONNECT = "CONNECT"
    PERMISSION = "PERMISSION"
    WITHDRAWN = "WITHDRAWN"
    SENT_ONCE = "SENT_ONCE"
    RECEIPT = "RECEIPT"
    BLOCKING = "BLOCKING"
    CANCELLED = "CANCELLED"
    LARGE_EMAIL = "LARGE_EMAIL"
    COPIES = "COPIES"
    BATCHES = "BATCHES"


class ContractBrokenError(AssertionError):
    """A send option or channel breaks rules of its contract. ``found`` has the message of each rule."""

    def __init__(self, name: str, found: Mapping[Rule, str]) -> None:
        many = f"{len(found)} rules" if len(found) > 1 else "a rule"
        lines = (f"{number}. {rule}: {text}" for number, (rule, text) in enumerate(found.items(), 1))
        guide = f"See {GUIDE}. `touchline plugins docs` lists the files."
        super().__init__("\n".join((f"{name} breaks {many} of its contract.", *lines, guide)))
        self.found = dict(found)


class KitHint(UserWarning):
    """Something that no rule forbids, but that is probably not meant."""


class Findings:
    """Collects the first fault of each rule, so that one run shows everything that is wrong."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.call = ""
        """The last call of a channel, with its inputs, for the message if it does not return."""
        self.called_at = 0.0
        self._found: dict[Rule, str] = {}

    def __contains__(self, rule: Rule) -> bool:
        return rule in self._found

    def add(self, rule: Rule, fault: str, change: str) -> None:
        """Add a fault, and what to change. Only the first fault of a rule counts."""
        self._found.setdefault(rule, f"{fault.rstrip('.')}. {change}")

    def calls(self, call: str) -> None:
        """Note that a channel is called now."""
        self.call, self.called_at = call, time.monotonic()

    def hint(self, text: str) -> None:
        """Warn of something that no rule forbids."""
        level, frame = 1, sys._getframe()
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_KIT):
            level, frame = level + 1, frame.f_back
        warnings.warn(f"{self.name}: {text} See {GUIDE}.", KitHint, stacklevel=level)

    def raise_any(self) -> None:
        """Raise ContractBrokenError if there are faults."""
        if self._found:
            self.stop()

    def stop(self) -> NoReturn:
        """Raise ContractBrokenError. There are faults."""
        raise ContractBrokenError(self.name, self._found) from None
