"""Ask the send options of packages, in this process or in another, and check what they return.

Imports: strategies.sentences.
Imported by: codes, http.monitoring, plugins.loading, plugins.testing.send_options, services.campaigns,
    services.enrollments, services.option_calls, services.plugin_health, strategies.timeline.
"""
