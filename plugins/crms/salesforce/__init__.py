"""The CRM "salesforce": OAuth, the REST API over HTTP, and the session that Touchline syncs tasks and people with.

``transport`` reads untrusted answers, ``rest_api`` makes the calls with a token, and ``records`` has one file for each
subject (tasks, leads and contacts, activities …) that maps fields. Every bad answer raises ``CrmError``.

Imports: strategies.
Imported by: nobody.
"""
