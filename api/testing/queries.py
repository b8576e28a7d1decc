"""The operations that a sandbox sends to the API."""

ERRORS = "errors { code message path }"
CREATE_SENDER = f"mutation($input: SenderInput!) {{ createSender(input: $input) {{ sender {{ id }} {ERRORS} }} }}"
CREATE_PERSON = f"mutation($input: PersonInput!) {{ createPerson(input: $input) {{ person {{ id }} {ERRORS} }} }}"
CREATE_CAMPAIGN = (
    f"mutation($input: CampaignInput!) {{ createCampaign(input: $input) {{ campaign {{ id }} {ERRORS} }} }}"
)
ADD_STEP = f"""mutation($campaign: ID!, $input: StepInput!) {{
  addStep(campaignId: $campaign, input: $input) {{ step {{ id }} {ERRORS} }} }}"""
PREVIEW = f"""query($input: LaunchInput!) {{ launchPreview(input: $input) {{
  previews {{ person {{ id }} planned {{ step sendAt dueDate explanation {{ sentence }} }} }}
  refused {{ {ERRORS} }} {ERRORS} }} }}"""
LAUNCH = f"mutation($input: LaunchInput!) {{ launch(input: $input) {{ enrollments {{ id }} {ERRORS} }} }}"
PROGRESS = """query($id: ID!) { enrollment(id: $id) { person { id } progress { step { number }
  email { status plannedAt explanation { sentence } } task { status dueDate explanation { sentence } } } } }"""
ADVANCE = f"mutation($to: DateTime!) {{ advanceClock(to: $to) {{ now {ERRORS} }} }}"
"""Every event on the way happens, in order."""
