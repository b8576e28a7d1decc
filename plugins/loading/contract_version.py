"""The version of the contract between Touchline and packages, and which packages this server can use.

A package states the version that it was written for: ``touchline_contract = "1.0"`` in its module. A minor version
adds to the contract, and a major version changes it. So a server can use a package of its own major version whose minor
version is not newer than its own.
"""

import re
import sys
from typing import Any

from plugins.loading.declaration_checks import UnusableError

ATTRIBUTE = "touchline_contract"
"""The attribute of a package's module."""
CONTRACT_VERSION = "1.0"
"""The version of this server's contract."""
FIRST_VERSION = "1.0"
"""The version of a package that states none."""
VERSION = re.compile("(0|[1-9][0-9]{0,3})\\.(0|[1-9][0-9]{0,3})", re.ASCII)


def contract_of(plugin: Any, module: str = "") -> str:
    """Return the version that a package states. Raises UnusableError if it is not a version.

    An entry point can name an object of a module, as ``module:object``. Then the object or the module states it.
    """
    stated = getattr(sys.modules.get(module.partition(":")[0]), ATTRIBUTE, FIRST_VERSION)
    version = getattr(plugin, ATTRIBUTE, stated)
    if not isinstance(version, str):
        raise UnusableError(f'{ATTRIBUTE} is a {type(version).__name__}; it must be a text such as "1.0".')
    version = str.__str__(version)
    if not VERSION.fullmatch(version):
        raise UnusableError(f'{ATTRIBUTE} is {version!r:.40}; it must be a major and a minor number, such as "1.0".')
    return version


def check_contract(version: str, own: str = CONTRACT_VERSION) -> None:
    """Raise UnusableError if this server cannot use a package that was written for a version."""
    needed, had = _numbers(version), _numbers(own)
    if needed[0] < had[0]:
        raise UnusableError(
            f"it was written for contract {version}, and this server has contract {own}. Install a version of the "
            f"package for contract {had[0]}."
        )
    if needed > had:
        raise UnusableError(
            f"it needs contract {version}, and this server has contract {own}. Update Touchline, or install an older "
            "version of the package."
        )


def _numbers(version: str) -> tuple[int, int]:
    major, minor = version.split(".")
    return int(major), int(minor)
