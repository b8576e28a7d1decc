"""Author campaigns: settings, steps and days.

``campaigns`` has a function for each mutation. ``edit_drafts`` makes and checks a campaign as it is after an edit.
``editing`` applies the edit to the people in the campaign.

Imports: codes, models, services.common, services.enrollments, services.jobs, services.plugin_health,
    services.templates, store, strategies.
Imported by: cli, graphql, services.launches.
"""
