"""How long Touchline waits for Salesforce, and how much it reads."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Limits of each request."""

    connect_seconds: float = 10.0
    silence_seconds: float = 120.0
    """How long the server may send nothing. Salesforce ends a request that holds the CPU after 10 s, a query after
    120 s (https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta)."""
    total_seconds: float = 180.0
    """How long a whole request may take, also if the server sends byte by byte."""
    max_bytes: int = 48_000_000
    """Bytes of an answer. 500 tasks with descriptions of 32,000 characters fit."""
    page_records: int = 500
    """Records of a page, 200 to 2,000 (header Sforce-Query-Options)."""
    describe_seconds: float = 300.0
    """How long a description is used. Fields that an administrator adds are seen after this time."""
