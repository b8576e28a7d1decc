"""The fixtures of a server, for the operations in README.md and docs/story.md."""

from tests.served import client, database_kind, environment, http, live, rep

__all__ = ["client", "database_kind", "environment", "http", "live", "rep"]
