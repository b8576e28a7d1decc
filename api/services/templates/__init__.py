"""Templates: checks, warnings, and the content of an email that is rendered from a template.

Imports: codes, mail, models, services.common, services.enrollments, store, strategies, worker_processes.
Imported by: cli, graphql, services.campaigns, services.compose, services.dispatch.claim, services.emails,
    services.launches, services.one_off_emails, services.tasks, services.workspaces.
"""
