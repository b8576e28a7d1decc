"""Refusals about campaigns, their steps and edits."""

from strategies.codes import Code, code


class CampaignCode(Code):
    """Refusals about campaigns, their steps and edits."""

    CAMPAIGN_ARCHIVED = code(
        "This campaign is archived. Take it out of the archive first (`archiveCampaign` with `archived: false`).",
        when="The campaign is archived, so it cannot be launched, changed, paused or resumed.",
        do="Call `archiveCampaign` with `archived: false`, or duplicate the campaign.",
    )
    CAMPAIGN_BUSY = code(
        (
            "The last resume of this campaign is still being applied to its people, by the steps before this edit. "
            "Try again when its `applyingPause` is false."
        ),
        when=(
            "A background job still applies `resumeCampaign` to the people in the campaign. An edit that moves emails "
            "has to wait, so that the resume moves the emails of all people by the same steps."
        ),
        do="Query the campaign's `applyingPause`, and try again when it is false.",
    )
    CAMPAIGN_ENDED = code(
        "The campaign has ended for this person. To continue, launch it for them again.",
        everyone="The campaign was ended for everyone.",
        when="The campaign has ended for this person (also the reason of a failed email).",
        do="Launch the campaign for this person again.",
    )
    CAMPAIGN_ENDING = code(
        "This campaign is being ended. Try again when its `endingAt` is null.",
        when="`endCampaign` is still ending the campaign for the people in it.",
        do="Query the campaign's `endingAt` and `peopleToEnd`, and try again when `endingAt` is null.",
    )
    CAMPAIGN_NOT_PAUSED = code(
        "This campaign is not paused.",
        when="The campaign is not paused.",
        do="Query its `pausedAt`.",
    )
    CAMPAIGN_PAUSED = code(
        "This campaign is paused. Resume it first.",
        already="This campaign is paused already.",
        when="The campaign is paused. Also why an email is on hold.",
        do="Call `resumeCampaign`.",
    )
    CAMPAIGN_RUNNING = code(
        (
            "People are in this campaign. They keep the sender and the time zone with which they were launched. End "
            "the campaign for them first, or build a new campaign."
        ),
        first_step=(
            "People are in this campaign. Its first step stays first and keeps its day, because all days are counted "
            "from it. Change its content, edit a later step, or build a new campaign."
        ),
        when="People are in the campaign. They keep its first step, their sender and their time zone.",
        do="Edit later steps only. Or end the campaign for these people, or build a new campaign.",
    )
    CAMPAIGN_USED = code(
        "People were launched into this campaign, so it cannot be deleted. Archive it instead (`archiveCampaign`).",
        launch="The campaign has a background launch, so it cannot be deleted. Archive it instead (`archiveCampaign`).",
        when="Only a campaign that was never launched can be deleted.",
        do="Call `archiveCampaign`.",
    )
    CONTENT_AMBIGUOUS = code(
        "An email step has a template or content of its own. Give `templateId`, or `html` with `text`, but not both.",
        text="This step has a template, which has a text part of its own. To replace both, give `html` as well.",
        when="A step was given a template and content of its own, or a text part for a template.",
        do="Give `templateId`, or `subject`, `html` and `text`.",
    )
    DAY_NOT_FOUND = code(
        "This campaign has no steps on day {day}.",
        when="The campaign has no steps on this day.",
        do="Query the campaign's `days`.",
    )
    EDIT_AMBIGUOUS = code(
        "A preview takes one edit. This request has {count}.",
        when="A preview takes exactly one edit.",
        do="Pass the arguments of one mutation.",
    )
    INVALID_POSITION = code(
        "Positions on this day go from 1 to {last}.",
        when="The day has no such position.",
        do="Leave the position out to add the step after the others of this day.",
    )
    INVALID_RESENDS = code(
        "An email in doubt can be resent 0 to {limit} times.",
        when="The number of automatic resends of an email in doubt must be between 0 and 5.",
        do="Use a number from 0 to 5.",
    )
    INVALID_STEP_KEY = code(
        "Two steps of this list have the key {key!r}. Give each a key of its own.",
        id="A key must not look like the id of a step: {key!r}.",
        when="The `key` of a step that `editSteps` adds is used by another step of the list, or begins like an id.",
        do="Give each added step a key of its own, such as `intro`.",
    )
    NO_EDITS = code(
        "The list is empty. Give at least one edit.",
        when="`editSteps` was given an empty list.",
        do="Give at least one edit.",
    )
    NOT_AN_EMAIL_STEP = code(
        "This step is a task, which has no email.",
        when="The step is a call, an InMail or a custom task.",
        do="Choose an email step.",
    )
    PEOPLE_ACTIVE = code(
        (
            "People who are active in this campaign: {people:,}. End it for them first (`endCampaign`), or wait until "
            "its status is FINISHED."
        ),
        many=(
            "More than {people:,} people are active in this campaign. End it for them first (`endCampaign`), or wait "
            "until its status is FINISHED."
        ),
        launch="A background launch of this campaign is not finished. Cancel it first (`cancelLaunch`).",
        when="A campaign in which people are active, or which is being launched, cannot be archived.",
        do="Call `endCampaign`, or wait until the campaign's `status` is FINISHED.",
    )
    STEP_REMOVED = code(
        "This step was removed from its campaign and cannot be changed.",
        email="The step was removed from the campaign.",
        when="The step was removed from its campaign (also the reason of a failed email).",
        do="Add the step again.",
    )
    STEP_TYPE_FIXED = code(
        (
            "People were launched into this campaign. An email stays an email, and a task stays a task, so that the "
            "record of what they got stays true. With `editSteps`, remove this step and add the new one in one edit."
        ),
        first_step=(
            "People are in this campaign. Its first step stays an email or a task, because all days are counted from "
            "it. End the campaign for them first, or duplicate it."
        ),
        when="The type of a step can change between email and task only until the first person is launched.",
        do="With `editSteps`, remove the step and add the new one in one edit.",
    )
    SUBJECT_REQUIRED = code(
        "Step {number} has no subject. Give the step or its template a subject, or make the step a follow-up.",
        in_use=(
            "Step {number} of {campaign!r} uses the subject of this template, and people are in that campaign. Keep "
            "the subject, or first give the step a subject of its own."
        ),
        when="The email has no subject of its own or of its template, and it is not a follow-up.",
        do="Give the step or its template a subject.",
    )
    TEMPLATE_NOT_AVAILABLE = code(
        "Only email steps have a template or content of their own. Leave both out.",
        when="Only email steps have a template, or a subject, HTML and text of their own.",
        do="Leave it out.",
    )
    TEMPLATE_REQUIRED = code(
        "An email step needs content. Choose a template (`templateId`), or write the email in the step (`html`).",
        when="An email step has neither a template nor content of its own.",
        do="Give `templateId`, or `subject` and `html`.",
    )
    TOO_MANY_STEPS = code(
        "A campaign can have up to {limit} steps. Build a second campaign.",
        when="A campaign can have up to 100 steps.",
        do="Build a second campaign.",
    )
