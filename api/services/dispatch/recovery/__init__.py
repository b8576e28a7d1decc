"""Recovery: free the emails of a stopped process, and check those of a restored backup.

Imports: codes, models, plugins, services.campaigns.editing, services.common, services.emails,
    services.enrollments, services.jobs, store, strategies.
Imported by: cli.
"""
