"""Let send options check their steps by the campaign's settings: when these change, and at a launch."""

from collections.abc import Sequence
from dataclasses import fields, replace

from api.models import Campaign, Step
from api.services.common.campaign_facts import campaign_facts
from api.services.common.request_context import WorkspaceContext
from strategies import CampaignFacts, Refusal
from strategies.codes import StrategyCode
from strategies.errors import RefusalCollector
from strategies.package_options.option_calls import validate
from strategies.questions import QuestionCollector

FAULTS = frozenset({StrategyCode.SEND_OPTION_FAILED, StrategyCode.SEND_OPTION_PAUSED})
"""Codes of an option that could not be called, or failed."""


def refuse_unsuitable_settings(
    context: WorkspaceContext, steps: Sequence[Step], before: CampaignFacts, after: CampaignFacts
) -> None:
    """Refuse a change of settings with which a send option refuses a step that it accepted before. Raises Refusal.

    A package that fails, and a step that was refused before, do not prevent a change.
    """
    if before == after:
        return
    found = _refusals(context, steps, after)
    refusals = RefusalCollector()
    for step in steps:
        refusal = found.get(step.number)
        if refusal is None or refusal.code in FAULTS or _refusal(context, step, before):
            continue
        path = ("id",)
        for name in (each.name for each in fields(CampaignFacts)):
            reverted = replace(after, **{name: getattr(before, name)})
            if reverted != after and _refusal(context, step, reverted) is None:
                path = (_camel(name),)
                break
        for each in refusal.each:
            refusals.add(Refusal(each.code, f"Step {step.number}: {each.message}", path))
    refusals.raise_any()


def refuse_unsuitable_steps(
    context: WorkspaceContext, campaign: Campaign, steps: Sequence[Step], path: tuple[str, ...]
) -> None:
    """Refuse to launch a campaign if a send option refuses a step with the campaign's settings. Raises Refusal."""
    refusals = RefusalCollector()
    for number, refusal in _refusals(context, steps, campaign_facts(campaign)).items():
        for each in refusal.each:
            refusals.add(Refusal(each.code, f"Step {number}: {each.message}", path))
    refusals.raise_any()


def _refusals(context: WorkspaceContext, steps: Sequence[Step], facts: CampaignFacts) -> dict[int, Refusal]:
    """Return the refusals of the steps by number. All options are called together."""
    found: dict[int, Refusal] = {}
    questions = QuestionCollector()
    for step in steps:
        with questions:
            refusal = _refusal(context, step, facts)
            if refusal is not None:
                found[step.number] = refusal
    questions.raise_any()
    return found


def _refusal(context: WorkspaceContext, step: Step, facts: CampaignFacts) -> Refusal | None:
    """Return why the send option of a step refuses its configuration. None if the option is not installed."""
    option = context.installed.send_options.get(step.send_option or "")
    if option is None:
        return None
    try:
        validate(option, step.config, facts)
    except Refusal as refusal:
        return refusal
    return None


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
