"""Refusals about campaigns, their steps and edits."""

from strategies.codes import Code, code


class CampaignCode(Code):
    """Refusals about campaigns, their steps and edits."""

    CAMPAIGN_ENDED = code(
        "The campaign has ended for this person.",
        when="The campaign has ended for this person (also the reason of a failed email).",
        do="Launch it again for them.",
    )
    CAMPAIGN_NOT_PAUSED = code(
        "This campaign is not paused.",
        when="The campaign is not paused.",
        do="Look at its `pausedAt`.",
    )
    CAMPAIGN_PAUSED = code(
        "This campaign is paused. Resume it first.",
        already="This campaign is paused already.",
        when="The campaign is paused (also why an email that was about to leave went on hold).",
        do="`resumeCampaign`.",
    )
    CAMPAIGN_RUNNING = code(
        "{problem}",
        people_in_it="{told} End it for them first, or build a new campaign.",
        when="People are going through the campaign, and keep its first step, their sender and their zone.",
        do="Edit the steps behind it; else end it for them, or build a new one.",
    )
    DAY_NOT_FOUND = code(
        "This campaign has no steps on day {day}.",
        when="The campaign has no steps on this day.",
        do="Ask its `days`.",
    )
    EDIT_AMBIGUOUS = code(
        "A preview takes the arguments of one mutation; {count} were given.",
        when="A preview takes just one edit.",
        do="Give the arguments of one mutation.",
    )
    INVALID_POSITION = code(
        "Positions on this day go from 1 to {last}.",
        when="The day has no such position.",
        do="Leave it out to add the step behind the others.",
    )
    INVALID_RESENDS = code(
        "An email in doubt can be resent 0 to {limit} times.",
        when="An email in doubt is sent again 0 to 5 times.",
        do="Give another.",
    )
    STEP_REMOVED = code(
        "This step was removed from its campaign and cannot be changed.",
        when="The step was removed from its campaign (also the reason of a failed email).",
        do="Add it again.",
    )
    SUBJECT_REQUIRED = code(
        "Step {number} has no subject. Give it or its template one, or make it a follow-up.",
        in_use=(
            "Step {number} of {campaign!r} uses the subject of this template, and people are in that campaign or being "
            "launched. Keep a subject, or give the step its own first."
        ),
        when="An email that is no follow-up has no subject, or would have none without its template's.",
        do="Give the step or its template one.",
    )
    TEMPLATE_NOT_AVAILABLE = code(
        "Only email steps have a template.",
        when="Only email steps have a template.",
        do="Leave it out.",
    )
    TEMPLATE_REQUIRED = code(
        "An email step needs a template.",
        when="An email step needs a template.",
        do="Give one.",
    )
    TOO_MANY_STEPS = code(
        "A campaign can have {limit} steps.",
        when="A campaign may have 100 steps.",
        do="Build another.",
    )
