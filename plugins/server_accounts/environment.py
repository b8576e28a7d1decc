"""Find the URLs of accounts in the environment: ``VARIABLE`` for the unnamed account, ``VARIABLE_NAME`` for others."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from plugins import AccountUnavailableError
from plugins.codes import ChannelCode

ACCOUNT = "^[A-Z][A-Z0-9_]{0,30}$"
"""The pattern of an account's name."""

Settings = TypeVar("Settings")


def account_names(environment: Mapping[str, str], variable: str) -> list[str]:
    """Return the names of all accounts that have a URL. The unnamed account is "", and comes first."""
    default = [""] if environment.get(variable) else []
    prefix = f"{variable}_"
    names = (name.removeprefix(prefix) for name, url in environment.items() if name.startswith(prefix) and url)
    return default + sorted(name for name in names if re.fullmatch(ACCOUNT, name))


def settings_of(
    environment: Mapping[str, str], variable: str, account: object, parse: Callable[[str], Settings], example: str
) -> Settings:
    """Read the URL of an account. Raises AccountUnavailableError if there is none, or if it cannot be used.

    The error of a missing URL shows ``example``.
    """
    if account and not re.fullmatch(ACCOUNT, str(account)):
        raise AccountUnavailableError(*ChannelCode.NOT_CONFIGURED.message("name", pattern=ACCOUNT))
    variable = f"{variable}_{account}" if account else variable
    url = environment.get(variable)
    if not url:
        raise AccountUnavailableError(
            *ChannelCode.NOT_CONFIGURED.message(variable=variable, example=example), here=True
        )
    try:
        return parse(url)
    except ValueError as error:
        fault = str(error)
    unusable = ChannelCode.NOT_CONFIGURED.message("url", variable=variable, fault=fault)
    raise AccountUnavailableError(*unusable, here=True)


def check_urls(environment: Mapping[str, str], variable: str, parse: Callable[[str], object]) -> None:
    """Check the URL of every account. Raises ValueError with a sentence that names the variable."""
    for name, url in sorted(environment.items()):
        if url and (name == variable or name.startswith(f"{variable}_")):
            try:
                parse(url)
            except ValueError as error:
                raise ValueError(f"{name} cannot be used. {error}") from None
