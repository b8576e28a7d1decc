"""Salesforce on loopback, for tests: an in-process HTTP server that starts in milliseconds.

``SalesforceServer().running()`` listens, ``server.org`` holds the records, which tests read and change as users do,
``server.faults`` scripts what goes wrong, and ``server.calls`` counts the calls by kind. Each module cites the public
documentation of what it does. ``python -m tests.salesforce`` runs it by hand.

It has: OAuth (JWT bearer with its signature, client credentials, authorization code with PKCE, refresh with rotation,
revocation, userinfo), versions, limits, describe, SOQL for the queries of a sync (no subqueries, functions but COUNT(),
date literals or NULLS FIRST), queryMore and queryAll, records one by one, by external id and in collections with
allOrNone, getDeleted and getUpdated, report runs, list views, converted and merged records, validation rules, duplicate
rules, required fields, lengths, picklists, Enhanced Email, and its own clock.

It does not have: sharing and field-level security beyond ``Org.readonly``, archived activities, recurring tasks,
assignment rules, workflow beyond ``Org.rules``, Bulk API, composite requests other than collections, SOSL, XML, and
locks or transactions of several requests at once: each request is carried out as a whole.
"""
