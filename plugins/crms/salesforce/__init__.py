"""The CRM "salesforce": OAuth, the REST API over HTTP, and the session that Touchline syncs tasks and people with.

``http.py`` and ``json_reading.py`` read untrusted answers, ``rest.py`` makes the calls with a token, and one file for
each subject (tasks, people, activities …) maps fields. Nothing that a server answers raises anything but ``CrmError``.

Imports: strategies.
Imported by: nobody.
"""
