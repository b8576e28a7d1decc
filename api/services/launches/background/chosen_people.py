"""The people whom a background launch is for: by id, a group, a filter, or everyone. They are fixed when it starts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from api.codes.refusals.launches import LaunchCode
from api.mail.text_checks import storable_text
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.services.people.groups import refuse_unknown_group
from api.store.people.groups import person_ids
from strategies import Refusal
from strategies.errors import RefusalCollector

MAX_IDS = 200_000
MAX_ID_CHARACTERS = 200
"""Characters of a given id that are stored. No person's id is longer."""


@dataclass(frozen=True, slots=True)
class Audience:
    """The people of a launch. Exactly one of the fields is given."""

    person_ids: Sequence[str] | None = None
    group_id: str | None = None
    filter: RowList | None = None
    everyone: bool = False
    """Whether it is for everyone in the workspace. An argument that a client forgets must not enroll everyone."""

    async def ids(self, context: WorkspaceContext) -> Sequence[str] | None:
        """Return the ids of the people, each once; None for everyone. Raises Refusal."""
        refusals = RefusalCollector()
        audiences = {
            "personIds": self.person_ids,
            "groupId": self.group_id,
            "filter": self.filter,
            "everyone": self.everyone or None,
        }
        names = [name for name, value in audiences.items() if value is not None]
        for name in names[1:]:
            refusals.add(Refusal.of(LaunchCode.AUDIENCE_AMBIGUOUS, (name,)))
        refusals.raise_any()
        if not names:
            raise Refusal.of(LaunchCode.AUDIENCE_MISSING, ("personIds",))
        if self.everyone:
            return None
        ids = await self._given_ids(context)
        if not ids:
            raise self._no_people(names[0])
        if len(ids) > MAX_IDS and self.filter is not None:
            raise Refusal.of(LaunchCode.TOO_MANY_PEOPLE, (names[0],), case="by_filter", limit=MAX_IDS)
        if len(ids) > MAX_IDS:
            raise Refusal.of(LaunchCode.TOO_MANY_PEOPLE, (names[0],), case="by_id", limit=MAX_IDS)
        return ids

    def _no_people(self, name: str) -> Refusal:
        if self.group_id is not None:
            return Refusal.of(LaunchCode.NO_PEOPLE, (name,), case="group")
        if self.filter is not None:
            return Refusal.of(LaunchCode.NO_PEOPLE, (name,), case="filter")
        return Refusal.of(LaunchCode.NO_PEOPLE, (name,), case="or_everyone")

    async def _given_ids(self, context: WorkspaceContext) -> Sequence[str]:
        if self.person_ids is not None:
            return await asyncio.to_thread(_storable_ids, self.person_ids)
        if self.group_id is not None:
            return await person_ids((await refuse_unknown_group(context, self.group_id)).id)
        assert self.filter is not None  # noqa: S101 - one of the three is given
        return await self.filter.ids(MAX_IDS + 1)


def _storable_ids(ids: Sequence[str]) -> list[str]:
    """Return each id once, in a form that the database can store. Valid ids stay unchanged."""
    short = dict.fromkeys(each if each.isascii() and "\x00" not in each else storable_text(each) for each in ids)
    return list(dict.fromkeys(each[:MAX_ID_CHARACTERS] for each in short))
