"""``touchline migrate``, ``counts`` and ``recover``: upkeep of the database.

Imports: plugins.loading, services.dispatch.recovery, store.engine, store.reports.
Imported by: nobody.
"""
