"""Find emails by the beginnings of words of their subject, and of the names, company and address of their person.

An email meets a word by its person, by a subject that was written for it, or by the subject of its step. The emails of
a step can be many. Those that meet a word by their person or their own subject are read by id, so they must be few.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.codes.request_errors.inputs import InputCode
from api.models import Person, Send
from api.store.emails.subject_words import emails_with, own_subject_has, steps_with
from api.store.engine.database import is_postgres
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.small_lists import MAX_SORTED_ROWS, listed, short_list
from api.store.engine.sql import in_values, is_found
from api.store.people.person_search import MAX_WORDS, PATH, beginnings, people_found
from strategies import Refusal

MAX_STEPS = 200
"""The most steps whose subjects may have a word of a search text."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a search text, with the steps whose subjects have it."""

    text: str
    steps: list[str]

    def condition(self) -> Condition:
        """Return the condition that a row of ``send`` meets the word."""
        person = beginnings(self.text)
        each = [
            Condition(
                is_found(
                    "person WHERE person.id = send.person_id AND person.erased_at IS NULL"
                    f" AND ({' OR '.join(one.sql for one in person)})"
                ),
                tuple(value for one in person for value in one.values),
            )
        ]
        if (own := own_subject_has(self.text)) is not None:
            each.append(own)
        if self.steps:
            each.append(of_steps(self.steps))
        return Condition(f"({' OR '.join(one.sql for one in each)})", tuple(v for one in each for v in one.values))


@dataclass(frozen=True, slots=True)
class EmailSearch:
    """What a search text has found: the emails of steps whose subjects have all words, and the ids of others."""

    steps: list[str]
    others: list[str]

    def other_emails(self) -> Listing:
        """Return the emails that are not of these steps."""
        outside = f"(step_id IS NULL OR NOT {in_values('step_id', '{}')})"
        return listed(Send, self.others).where(outside, self.steps) if self.steps else listed(Send, self.others)


async def search_words(workspace_id: str, text: str, within: list[str] | None) -> list[Word]:
    """Return the words of a search text, with those steps ``within`` that have them, or of all steps if it is None."""
    words = text.split()[:MAX_WORDS]
    return [Word(word, await steps_with(workspace_id, word, within, MAX_STEPS + 1)) for word in words]


async def search_emails(workspace_id: str, words: Sequence[Word]) -> EmailSearch:
    """Return the emails that meet each word of a search text. Raises Refusal TOO_MANY_TO_SORT."""
    elsewhere = [word for word in words if not word.steps]
    in_all = [step for step in (words[0].steps if words else []) if all(step in word.steps for word in words)]
    if len(in_all) > MAX_STEPS:
        raise _too_many()
    found = await (_met_by_one(workspace_id, elsewhere) if elsewhere else _met_by_any(workspace_id, words))
    listing = listed(Send, found).equal(workspace_id=workspace_id)
    for word in words:
        listing = listing.either(word.condition())
    return EmailSearch(in_all, await listing.ids(MAX_SORTED_ROWS + 1))


def of_steps(steps: Sequence[str]) -> Condition:
    """Return the condition that a row of ``send`` has the subject of one of these steps."""
    return Condition(f"(send.subject IS NULL AND {in_values('step_id', '{}')})", (list(steps),))


async def _met_by_one(workspace_id: str, words: Sequence[Word]) -> list[str]:
    """Return emails that include all emails that meet these words. No word is in the subject of a step."""
    for word in words:
        if (found := await _met(workspace_id, word)) is not None:
            return found
    people = await people_found(workspace_id, " ".join(word.text for word in words))
    found = await _of_people(people)
    for word in words:
        found += await emails_with(workspace_id, word.text, MAX_SORTED_ROWS + 1)
    if len(found) > MAX_SORTED_ROWS:
        raise _too_many()
    return found


async def _met_by_any(workspace_id: str, words: Sequence[Word]) -> list[str]:
    """Return the emails that meet one of these words by their person or a subject of their own."""
    found: dict[str, None] = {}
    for word in words:
        if (met := await _met(workspace_id, word)) is None:
            raise _too_many()
        found |= dict.fromkeys(met)
    if len(found) > MAX_SORTED_ROWS:
        raise _too_many()
    return [*found]


async def _met(workspace_id: str, word: Word) -> list[str] | None:
    """Return the emails that meet a word by their person or a subject of their own; None if they are many."""
    everyone = Listing(Person).equal(workspace_id=workspace_id).where("erased_at IS NULL")
    people = await short_list([everyone.either(*beginnings(word.text))])
    if people is None:
        return None
    found = await _of_people(people)
    found += await emails_with(workspace_id, word.text, MAX_SORTED_ROWS + 1)
    return found if len(found) <= MAX_SORTED_ROWS else None


async def _of_people(people: Listing) -> list[str]:
    """Return the ids of the emails to a short list of people, up to a little more than can be sorted."""
    ids = await people.ids(MAX_SORTED_ROWS)
    return await emails_to(ids).ids(MAX_SORTED_ROWS + 1) if ids else []


def emails_to(person_ids: list[str]) -> Listing:
    """Return the emails to these people."""
    enrollments = f"SELECT id FROM enrollment WHERE {in_values('person_id', '{}')}"
    enrolled = f"enrollment_id = ANY(ARRAY({enrollments}))" if is_postgres() else f"enrollment_id IN ({enrollments})"
    alone = f"enrollment_id IS NULL AND {in_values('person_id', '{}')}"
    return Listing(Send).either(Condition(enrolled, (person_ids,)), Condition(alone, (person_ids,)))


def _too_many() -> Refusal:
    return Refusal.of(InputCode.TOO_MANY_TO_SORT, PATH, case="search", limit=MAX_SORTED_ROWS)
