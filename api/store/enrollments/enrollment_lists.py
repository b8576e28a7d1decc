"""Lists of enrollments by a filter."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.models import Enrollment
from api.states import EnrollmentStatus
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.small_lists import MAX_SORTED_ROWS, small_list
from api.store.engine.sql import in_values
from api.store.people.person_search import people_found


@dataclass(frozen=True, slots=True)
class EnrollmentFilter:
    """Which enrollments: those that meet every condition that is not None. An empty list matches none."""

    campaign_id: str | None = None
    person_id: str | None = None
    statuses: Sequence[EnrollmentStatus] | None = None
    search: str | None = None


async def enrollments(workspace_id: str, chosen: EnrollmentFilter, *, descending: bool) -> Listing:
    """Return the enrollments of a filter, as they were created. Raises Refusal TOO_MANY_TO_SORT.

    The campaign and the person belong to the workspace.
    """
    statuses = list(EnrollmentStatus) if chosen.statuses is None else list(dict.fromkeys(chosen.statuses))
    if chosen.person_id is None and chosen.search is None:
        scope = {"workspace_id": workspace_id} if chosen.campaign_id is None else {"campaign_id": chosen.campaign_id}
        return Listing(Enrollment).equal(**scope).one_of("status", statuses).sorted_by(None, descending=descending)
    if chosen.search is None:  # a person has few enrollments: they are sorted when they are read
        listing = Listing(Enrollment).equal(person_id=chosen.person_id)
    else:
        people = await people_found(workspace_id, chosen.search)
        if chosen.person_id is not None:
            people = people.equal(id=chosen.person_id)
        of_people = Listing(Enrollment).where(in_values("person_id", "{}"), await people.ids(MAX_SORTED_ROWS))
        listing = await small_list([of_people], ("filter", "search"), search=True)
    if chosen.campaign_id is not None:
        listing = listing.equal(campaign_id=chosen.campaign_id)
    if chosen.statuses is not None:
        listing = listing.where(in_values("status", "{}"), [str(each) for each in statuses])
    return listing.sorted_by(None, descending=descending)
