"""Lists of emails by a filter.

Each index of emails has status and archived before the date, so a page reads the first rows of each combination and
merges them. If no index has the rows of a filter in the wanted order, they must be few: they are read by id and sorted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from api.codes.request_errors.inputs import InputCode
from api.models import Person, Send, Sender, Step
from api.sorts import EmailSort, Order
from api.states import SendStatus
from api.store.emails.email_conditions import STATES, EmailFilter
from api.store.emails.email_search import EmailSearch, emails_to, search_emails, search_words
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.small_lists import MAX_SORTED_ROWS, listed, own_ids, short_list, small_list
from api.store.engine.listing.sort_keys import SortKey
from api.store.engine.sql import in_values
from api.store.replies.answer_conditions import Answered
from strategies import Refusal

FAILED_AT = "CASE WHEN status = 'FAILED' THEN failed_at END"
"""When an email failed. The column keeps its value when the email gets another status."""


def failed_at(row: Send) -> datetime | None:
    """Return the value of FAILED_AT for an email."""
    return row.failed_at if row.status is SendStatus.FAILED else None


KEYS = {
    EmailSort.DUE_AT: SortKey("due_at", datetime),
    EmailSort.SENT_AT: SortKey("sent_at", datetime, nullable=True),
    EmailSort.FAILED_AT: SortKey(
        "failed_at", datetime, nullable=True, expression=FAILED_AT, read=("failed_at", "status"), value_of=failed_at
    ),
    EmailSort.CREATED_AT: SortKey("created_at", datetime, nullable=True),
}
HAPPENED = {
    EmailSort.SENT_AT: (SendStatus.SENT, SortKey("sent_at", datetime)),
    EmailSort.FAILED_AT: (SendStatus.FAILED, SortKey("failed_at", datetime)),
}
"""Columns of times with an index of their own: the status to which each belongs, and the sort key."""
STATE = "status = {} AND archived = {}"
AT_REST, LEASED = "status NOT IN ('CLAIMED', 'TRANSMITTING')", "status IN ('CLAIMED', 'TRANSMITTING')"
"""The conditions of the indexes send_due, send_step, send_step_sender, send_sender and send_reason, and of send_leased,
word by word."""
ON_THEIR_WAY = (SendStatus.CLAIMED, SendStatus.TRANSMITTING)
"""Statuses of few emails. The indexes of lists do not have them, because they change often."""
DEFAULT_SORTS: dict[tuple[str, ...], EmailSort] = {
    ("sent_at",): EmailSort.SENT_AT,
    ("failed_at",): EmailSort.FAILED_AT,
}
"""The order of a list whose filter limits only one date."""


async def emails(workspace_id: str, chosen: EmailFilter, order: Order[EmailSort] | None) -> Listing:
    """Return the emails of a filter: without an order, by the only date that the filter limits, or else by due date.

    Raises Refusal TOO_MANY_TO_SORT.
    """
    dates = chosen.dates()
    if order is None:
        order = Order(DEFAULT_SORTS.get(tuple(dates), EmailSort.DUE_AT))
    scopes = await _scopes(workspace_id, chosen)
    words = [] if chosen.search is None else await search_words(workspace_id, chosen.search, scopes.steps)
    found = None if not words or chosen.person_id is not None else await search_emails(workspace_id, words)
    answered = await chosen.answers.few(workspace_id) if chosen.person_id is None and found is None else None
    answers = chosen.answers if answered is None else answered.other_facts
    checks = [*chosen.created(), *await answers.conditions(workspace_id), *(word.condition() for word in words)]
    walked = _walked(workspace_id, chosen, order.field, scopes, found)
    if walked is not None and walked.is_exact and answered is None:
        listing = walked.listing.only_if(*checks)
    elif (short := await _short(workspace_id, chosen, scopes, found, answered)) is not None:
        listing = _met_by(_limited(short, scopes, chosen), checks)
    elif walked is not None:
        listing = walked.listing.only_if(*scopes.conditions(), *chain(*dates.values()), *checks)
    else:
        raise Refusal.of(InputCode.TOO_MANY_TO_SORT, ("orderBy",), limit=MAX_SORTED_ROWS)
    key = KEYS[order.field] if walked is None else walked.key
    return listing.sorted_by(key, descending=order.descending)


@dataclass(frozen=True, slots=True)
class _Scopes:
    """The limits of a filter, beside states, dates and answers, that have an index. None: the filter does not have it.

    The ids belong to the workspace.
    """

    workspace_id: str
    steps: list[str] | None
    senders: list[str] | None
    reason: str | None

    def listings(self) -> list[Listing]:
        """Return lists that an index has, of which the filter is a part, the shortest first as a rule.

        Indexes have a reason, steps, a sender, and steps with a sender.
        """
        found = []
        if self.reason is not None:
            found.append(Listing(Send).equal(workspace_id=self.workspace_id, reason=self.reason))
        if self.steps is not None:
            of_steps = Listing(Send).one_of("step_id", self.steps)
            found.append(of_steps if self.senders is None else of_steps.one_of("sender_id", self.senders))
        elif self.senders is not None:
            found.append(Listing(Send).one_of("sender_id", self.senders))
        return found or [Listing(Send).equal(workspace_id=self.workspace_id)]

    def conditions(self) -> Iterator[Condition]:
        """Yield the conditions on a row of ``send``."""
        if self.steps is not None:
            yield Condition(in_values("step_id", "{}"), (self.steps,))
        if self.senders is not None:
            yield Condition(in_values("sender_id", "{}"), (self.senders,))
        if self.reason is not None:
            yield Condition("reason = {}", (self.reason,))


@dataclass(frozen=True, slots=True)
class _Walked:
    """A list that an index has in an order, with its key.

    If it is exact, it has all conditions of the filter except answers.
    """

    listing: Listing
    key: SortKey
    is_exact: bool


async def _scopes(workspace_id: str, chosen: EmailFilter) -> _Scopes:
    in_steps = chosen.step_id is not None or chosen.campaign_id is not None
    steps = await _step_ids(workspace_id, chosen) if in_steps else None
    senders = None if chosen.sender_id is None else await own_ids(Sender, workspace_id, chosen.sender_id)
    return _Scopes(workspace_id, steps, senders, chosen.reason)


def _walked(
    workspace_id: str, chosen: EmailFilter, field: EmailSort, scopes: _Scopes, found: EmailSearch | None
) -> _Walked | None:
    """Return the list of which a filter is a part and that an index has in this order; None if there is none.

    ``found`` is what the search text has found.
    """
    dates, listings = chosen.dates(), scopes.listings()
    if chosen.person_id is not None or (found is not None and not found.steps):
        return None
    if field is EmailSort.DUE_AT and found is not None:
        exact = scopes.reason is None and not dates.keys() - {"due_at"}
        return _Walked(_searched(chosen, scopes, found), KEYS[field], exact)
    if field is EmailSort.DUE_AT:
        listing = _in_states(listings[0], chosen, dates.get("due_at", []))
        return _Walked(listing, KEYS[field], len(listings) == 1 and not dates.keys() - {"due_at"})
    if field in HAPPENED:
        status, key = HAPPENED[field]
        if key.column in dates or chosen.are_all(status):
            listing = _happened(key.column, workspace_id, chosen, dates.get(key.column, []))
            return _Walked(listing, key, not [*scopes.conditions()] and not dates.keys() - {key.column})
    return None


async def _short(
    workspace_id: str, chosen: EmailFilter, scopes: _Scopes, found: EmailSearch | None, answered: Answered | None
) -> Listing | None:
    """Return a list of which a filter is a part, if it is so short that it can be sorted."""
    dates = chosen.dates()
    if chosen.person_id is not None:
        return await small_list([emails_to(await own_ids(Person, workspace_id, chosen.person_id))], ("orderBy",))
    if found is not None:
        return await short_list([_searched(chosen, scopes, found)]) if found.steps else found.other_emails()
    if answered is not None:
        return listed(Send, answered.ids)
    narrow = [_in_states(each, chosen, dates.get("due_at", [])) for each in scopes.listings()]
    for _, key in HAPPENED.values():
        if key.column in dates:
            narrow.append(_happened(key.column, workspace_id, chosen, dates[key.column]))
    return await short_list(narrow)


def _searched(chosen: EmailFilter, scopes: _Scopes, found: EmailSearch) -> Listing:
    """Return the emails of the steps that a search has found, by an index, and the other emails that it has found."""
    (of_steps,) = replace(scopes, steps=found.steps, reason=None).listings()
    others = _limited(found.other_emails(), scopes, chosen)
    return _in_states(of_steps, chosen, chosen.dates().get("due_at", [])).or_else(others)


async def _step_ids(workspace_id: str, chosen: EmailFilter) -> list[str]:
    """Return the ids of the steps in the filter, removed ones as well."""
    steps = Step.filter(workspace_id=workspace_id)
    if chosen.campaign_id is not None:
        steps = steps.filter(campaign_id=chosen.campaign_id)
    if chosen.step_id is not None:
        steps = steps.filter(id=chosen.step_id)
    return [step.id for step in await steps.only("id")]


def _in_states(listing: Listing, chosen: EmailFilter, dates: list[Condition]) -> Listing:
    """Return the rows of a scope in the states of the filter, each of which is an alternative, and with these dates."""
    states = chosen.states()
    at_rest = [each for each in states if each[0] not in ON_THEIR_WAY]
    alternatives = [Condition(f"{AT_REST} AND {STATE}", each) for each in at_rest]
    unordered = _any_of(f"{AT_REST} AND ", at_rest)
    if on_their_way := [each for each in states if each[0] in ON_THEIR_WAY]:
        one = _one_of(f"{LEASED} AND ", on_their_way)
        alternatives, unordered = [*alternatives, one], [*unordered, one]
    return _met_by(listing.either(*alternatives, unordered=unordered), dates)


def _happened(column: str, workspace_id: str, chosen: EmailFilter, dates: list[Condition]) -> Listing:
    """Return the emails of a workspace with a time in a column, in the states of the filter and with these dates."""
    everything = Listing(Send).equal(workspace_id=workspace_id).where(f"{column} IS NOT NULL")
    states = chosen.states()
    each = [Condition(STATE, state) for state in states]
    return _met_by(everything.either(*each, unordered=_any_of("", states)), dates)


def _any_of(begin: str, states: list[tuple[SendStatus, bool]]) -> list[Condition]:
    """Return a condition, after ``begin``, for the states that are archived, and one for the others."""
    return [
        Condition(f"{begin}{in_values('status', '{}')} AND archived = {{}}", (statuses, archived))
        for archived in (False, True)
        if (statuses := [str(status) for status, is_archived in states if is_archived is archived])
    ]


def _one_of(begin: str, states: list[tuple[SendStatus, bool]]) -> Condition:
    """Return the condition, after ``begin``, that an email is in one of these states."""
    each = " OR ".join([f"({STATE})"] * len(states)) or "false"
    return Condition(f"{begin}({each})", tuple(value for state in states for value in state))


def _met_by(listing: Listing, conditions: Iterable[Condition]) -> Listing:
    """Return the rows of a list that meet all conditions."""
    for condition in conditions:
        listing = listing.either(condition)
    return listing


def _limited(listing: Listing, scopes: _Scopes, chosen: EmailFilter) -> Listing:
    """Return the rows of a short list that have the scopes, the states and the dates of a filter."""
    if (states := chosen.states()) != STATES:
        listing = listing.either(_one_of("", states))
    return _met_by(listing, (*scopes.conditions(), *chain.from_iterable(chosen.dates().values())))
