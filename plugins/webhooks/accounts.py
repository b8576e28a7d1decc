"""The settings of the built-in webhooks: one variable for each account, such as TOUCHLINE_WEBHOOK_SENDGRID_SALES."""

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from plugins.webhooks.contract import DEFAULT_ACCOUNT, Webhook

VARIABLE_PREFIX = "TOUCHLINE_WEBHOOK_"
ACCOUNT = re.compile("[A-Z][A-Z0-9_]{0,30}")
MIN_SECRET_CHARACTERS = 32
MAX_SECRETS = 2
"""The present secret and, while it is being replaced, the old one."""

Account = TypeVar("Account")


class ConfiguredWebhook(Webhook, Generic[Account]):
    """A webhook that exists for each account that has a variable in the environment."""

    variable: ClassVar[str]
    """The end of the variable's name: TOUCHLINE_WEBHOOK_<this>, or the same with _<ACCOUNT>."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read the settings. Raises ValueError with a sentence that names the variable, without its value."""
        self._accounts: dict[str, Account] = {}
        variable = VARIABLE_PREFIX + self.variable
        for name, value in sorted(environment.items()):
            if (name != variable and not name.startswith(f"{variable}_")) or not value.strip():
                continue
            account = name.removeprefix(variable).removeprefix("_")
            if account and not ACCOUNT.fullmatch(account):
                raise ValueError(f"{name} names no account: a name must match {ACCOUNT.pattern}.")
            try:
                self._accounts[account or DEFAULT_ACCOUNT] = self.parse(value)
            except ValueError as error:
                raise ValueError(f"{name} cannot be used. {error}") from None

    def accounts(self) -> Sequence[str]:
        """Return the accounts of the environment."""
        return tuple(self._accounts)

    def settings(self, account: str) -> Account:
        """Return the settings of one of the accounts."""
        return self._accounts[account]

    @abstractmethod
    def parse(self, value: str) -> Account:
        """Read the value of a variable. Raises ValueError with a sentence that does not quote it."""


def parse_secrets(value: str, characters: int = MIN_SECRET_CHARACTERS) -> tuple[bytes, ...]:
    """Read one secret, or two with a comma between them. Raises ValueError."""
    secrets = tuple(secret.strip().encode() for secret in value.split(","))
    if not 1 <= len(secrets) <= MAX_SECRETS:
        raise ValueError("It must be one secret, or the new and the old one with a comma between them.")
    if any(len(secret) < characters for secret in secrets):
        raise ValueError(f"A secret must have {characters} characters or more.")
    return secrets
