"""Choose the CRM record of a person, among those that have the person's address.

The choices are those of Marketo Sales Insight Actions (``sync-sales-activities-to-salesforce.md``): leads or contacts
first, what to do with duplicates, and what to do with people whom the CRM does not have.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.codes.crm.person_records import CrmPersonCode
from api.crm_states import CrmDuplicates, CrmNoMatch, CrmPersonKind
from plugins.crms.people_and_activities import RemotePerson
from strategies.codes import Message

MAX_SHOWN_IDS = 5
"""Ids that the reason of a person without a record lists."""


@dataclass(frozen=True, slots=True)
class MatchRules:
    """A workspace's choices."""

    first_kind: CrmPersonKind = CrmPersonKind.CONTACT
    """The kind that is chosen if an address has a record of each kind."""
    on_duplicates: CrmDuplicates = CrmDuplicates.OLDEST
    on_no_match: CrmNoMatch = CrmNoMatch.SKIP


def choose(candidates: Iterable[RemotePerson], rules: MatchRules) -> RemotePerson | Message | None:
    """Choose among the records that have a person's address. None if there is none; a Message if it cannot choose.

    A converted lead counts only if all candidates are converted. Deleted records do not count.
    """
    records = {each.remote_id: each for each in candidates if not each.is_deleted}
    usable = [each for each in records.values() if each.converted_to is None or each.converted_to not in records]
    current = [each for each in usable if each.converted_to is None] or usable
    preferred = [each for each in current if each.kind is rules.first_kind] or current
    if not preferred:
        return None
    if len(preferred) > 1 and rules.on_duplicates is CrmDuplicates.SKIP:
        ids = sorted(each.remote_id for each in preferred)
        shown = ", ".join(ids[:MAX_SHOWN_IDS]) + (", …" if len(ids) > MAX_SHOWN_IDS else "")
        return CrmPersonCode.CRM_PERSON_AMBIGUOUS.message(count=len(ids), ids=shown)
    return _first(preferred, rules.on_duplicates)


def _first(records: Sequence[RemotePerson], on_duplicates: CrmDuplicates) -> RemotePerson:
    """Return the oldest record, or the one that changed last. Ids decide between equals, so the choice is stable."""
    if on_duplicates is CrmDuplicates.LAST_CHANGED:
        return max(records, key=lambda each: (each.changed_at, each.remote_id))
    return min(records, key=lambda each: (each.created_at, each.remote_id))


def final_record(remote_id: str, records: dict[str, RemotePerson]) -> RemotePerson | str | None:
    """Follow a record through merges and conversions.

    Returns the record that remains, or the id of the next one if ``records`` does not have it. None if the record was
    deleted, or is not there.
    """
    seen: set[str] = set()
    while (record := records.get(remote_id)) is not None and remote_id not in seen:
        seen.add(remote_id)
        following = record.merged_into or record.converted_to
        if following is None:
            return None if record.is_deleted else record
        remote_id = following
    return remote_id if record is None and seen else None
