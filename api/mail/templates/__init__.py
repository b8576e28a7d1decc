"""Parse and render templates with dynamic fields, within limits.

Imports: codes, mail.html, strategies.
Imported by: graphql.limits, mail.message, services.emails, services.launches, services.one_off_emails, services.tasks,
    services.templates.
"""
