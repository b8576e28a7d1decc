"""Which addresses can be written to."""

from email_validator import EmailNotValidError, validate_email


class AddressProblem(ValueError):  # noqa: N818 - told to the user as it is
    """An address that cannot be written to, and why."""


def address_key(address: str) -> str:
    """Return the normalised form of an address in its normal form (``check_address``): one for each mailbox.

    Addresses that differ in case only are one. What a provider makes of dots or ``+tags`` is its own affair.
    """
    return address.casefold()


def check_address(text: str) -> str:
    """Return the address in its normal form. Raises AddressProblem. Asks no network."""
    try:
        found = validate_email(text.strip(" "), check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError) as problem:
        shown = text[:60].encode("unicode_escape").decode("ascii")
        raise AddressProblem(f"'{shown}' is no address that can be written to: {str(problem)[:200]}") from None
    return found.normalized
