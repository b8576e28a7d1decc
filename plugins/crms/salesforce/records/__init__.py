"""The records that Touchline reads and writes in an org: tasks, people, activities, opt-outs, sources of imports.

Imports: plugins.crms.salesforce.rest_api, plugins.crms.salesforce.transport.
Imported by: nobody.
"""
