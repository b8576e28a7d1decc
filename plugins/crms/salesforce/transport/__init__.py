"""HTTP requests to Salesforce with limits, and its untrusted answers: JSON, ids, errors.

Imports: nothing.
Imported by: plugins.crms.salesforce.records, plugins.crms.salesforce.rest_api.
"""
