"""What an author should think about in the steps of a campaign, whomever it is launched for."""

from collections.abc import Sequence

from api.models import Step
from api.services.plans import offer_warnings
from api.services.scope import Scope
from strategies import WarningNote


def campaign_warnings(scope: Scope, steps: Sequence[Step]) -> list[WarningNote]:
    """Return the warnings about these steps, which are all of a campaign's in order."""
    return offer_warnings(scope, steps)


def step_warnings(scope: Scope, steps: Sequence[Step], number: int) -> list[WarningNote]:
    """Return those of the campaign's warnings that concern the step of this number."""
    about = ("step", "earlierStep")
    return [note for note in campaign_warnings(scope, steps) if number in (note.values.get(name) for name in about)]
