"""Author campaigns: settings, steps and days; end them.

Imports: codes, models, services.common, services.enrollments, services.templates, store, strategies.
Imported by: cli, graphql, services.launches.
"""
