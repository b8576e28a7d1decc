"""``touchline plugins``: installed packages, and the files of a new one.

Imports: plugins.loading, services.plugin_health, store.engine, strategies.
Imported by: nobody.
"""
