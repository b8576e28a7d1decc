"""Pause and resume campaigns and background launches, and preview a resume.

Imports: codes, models, services.campaigns.editing, services.common, services.enrollments, services.jobs, store,
    strategies.
Imported by: graphql, services.campaigns.editing, services.campaigns.ending, services.launches.
"""
