"""Launch people into a campaign: at once, in the background, or as a preview.

Imports: codes, mail, models, services.campaigns, services.common, services.enrollments, services.people,
    services.replies, services.templates, store, strategies.
Imported by: cli, graphql, services.crm.people.
"""
