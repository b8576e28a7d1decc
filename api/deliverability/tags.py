"""Reads records of the form "v=DMARC1; p=none" (DKIM keys and DMARC policies)."""


def read_tags(record: str) -> dict[str, str]:
    """Return the values of a record by their tags in lower case. Text without = is left out."""
    pairs = (each.partition("=") for each in record.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}
