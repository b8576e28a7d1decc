"""The fixtures of a server, for the operations in README.md."""

from tests.served import client, database_kind, environment, http

__all__ = ["client", "database_kind", "environment", "http"]
