"""The roles of tokens: what a token may do. ``mutation(role=...)`` in api/graphql/engine/payloads.py requires one."""

from enum import StrEnum


class Role(StrEnum):
    """What a token may do. Each role may also do what those before it may."""

    READ_ONLY = "READ_ONLY"
    REP = "REP"
    ADMIN = "ADMIN"

    def includes(self, other: "Role") -> bool:
        """Say whether this role may do everything that another may."""
        return ROLES.index(self) >= ROLES.index(other)


ROLES = tuple(Role)
