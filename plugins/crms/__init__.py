"""The contract of CRMs, and the built-in CRMs, a folder each, registered as partners register theirs.

To add a CRM, write its folder here and name its module in ``plugins/built_in.py``.

Imports: nothing.
Imported by: codes, graphql.crm, graphql.engine, http, plugins.loading, services.crm, store.crm.
"""
