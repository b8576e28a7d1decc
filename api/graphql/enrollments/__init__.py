"""Enrollments: one person in one campaign, and the explanations of its send times.

Imports: graphql, services.campaigns.ending, services.enrollments, strategies.
Imported by: graphql.
"""
