"""The sentences of explanations and warnings, by code and language.

Imports: nothing.
Imported by: codes, graphql, plugins.testing.send_options, services.campaigns, services.enrollments, services.launches,
    services.one_off_emails, services.people, services.templates, strategies.options, strategies.package_options,
    strategies.timeline.
"""
