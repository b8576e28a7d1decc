"""The counts of reports: what they are, how they are kept, read, checked and recalculated.

Imports: store.engine.
Imported by: cli, services.common, services.dispatch.recovery, services.reports, services.templates.
"""
