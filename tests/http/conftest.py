"""The fixtures of a server, for the tests of HTTP."""

from tests.served import campaign, client, database_kind, environment, http, live, quiet, rep, stranger

__all__ = ["campaign", "client", "database_kind", "environment", "http", "live", "quiet", "rep", "stranger"]
