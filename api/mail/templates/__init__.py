"""Read and render templates with dynamic fields, within limits.

Imports: mail.html.
Imported by: graphql.limits, mail.message, services.emails, services.tasks, services.templates.
"""
