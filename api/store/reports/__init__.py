"""The counts of reports: keep, read, check and recalculate them.

Imports: store.engine.
Imported by: cli, services.common, services.dispatch.recovery, services.reports, services.templates.
"""
