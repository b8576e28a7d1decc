"""The installed packages: send options, channels, and their health.

Imports: graphql, plugins, services.campaigns, services.common, strategies.
Imported by: graphql.campaigns.
"""
