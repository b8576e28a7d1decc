"""The command line. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

Imports: csv_reading, graphql, plugins, store, strategies.
Imported by: nobody.
"""
