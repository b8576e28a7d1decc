"""The timeline of one person: when each step is due, and what edits, pauses and resumes change.

Imports: strategies.package_options, strategies.sentences.
Imported by: graphql.launches, plugins.testing.send_options, services.campaigns, services.common.lists,
    services.dispatch, services.emails, services.enrollments, services.launches, services.one_off_emails,
    services.people, services.plugin_health, services.test_email_sends, services.workspaces,
    store.dispatch, store.launches, strategies.options.
"""
