"""Says which secrets are easy to guess."""

from itertools import pairwise

MIN_SECRET_LENGTH = 32
"""Shortest secret, in characters."""
MIN_DISTINCT_CHARACTERS = 8
"""Fewest different characters in a secret. 32 random hexadecimal digits nearly always have 9 or more."""
PLACEHOLDER_WORDS = (
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "replace-me",
    "replace_me",
    "password",
    "yoursecret",
)
NEW_SECRET_HINT = "Generate one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'."  # noqa: S105 - a sentence
KEEP_LINKS_HINT = "To keep links in sent emails working, move the present value to TOUCHLINE_SECRET_OLD."
KEEP_KEYS_HINT = "To keep connections working, put the present key after the new one, with a comma between them."


def secret_weakness(secret: str) -> str | None:
    """Say why a secret is easy to guess; None if it is not. The sentence does not quote the secret."""
    if len(secret) < MIN_SECRET_LENGTH:
        return f"is too short: it must have {MIN_SECRET_LENGTH} characters or more"
    if any(word in secret.lower() for word in PLACEHOLDER_WORDS):
        return "is a placeholder"
    steps = [ord(after) - ord(before) for before, after in pairwise(secret)]
    runs = sum(step in {-1, 0, 1} for step in steps)
    repeated = secret in (secret + secret)[1:-1]
    if repeated or len(set(secret)) < MIN_DISTINCT_CHARACTERS or 2 * runs > len(steps):
        return "is easy to guess: it has a repeating or counting pattern"
    return None
