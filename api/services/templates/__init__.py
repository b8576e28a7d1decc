"""Templates and what they become: checks, warnings, and the content of one email.

Imports: codes, mail, models, services.common, services.enrollments, store.engine, strategies, workers.
Imported by: cli, graphql, services.campaigns, services.dispatch.claim, services.emails, services.launches,
    services.tasks.
"""
