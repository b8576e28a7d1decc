"""Calls of the REST API with a token: queries in SOQL, and records in batches.

Imports: plugins.crms.salesforce.transport.
Imported by: plugins.crms.salesforce.records.
"""
