"""Make configurations from a JSON Schema, and find what Ajv in strict mode refuses in it.

Imports: plugins.loading.
Imported by: plugins.testing.common, plugins.testing.send_options.
"""
