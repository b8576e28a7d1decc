"""The HTTP server: uvicorn with limits for the time, size and number of connections.

Imports: codes.
Imported by: cli, http.
"""

ACKNOWLEDGE_EXTENSION = "touchline.acknowledged"
"""Key of a function in the extensions of a websocket's ASGI scope. The application calls it after authentication."""
STREAM_SCOPE_KEY = "touchline.stream"
"""Key in the ASGI scope of a request whose response does not end by itself. The server does not wait for it to stop."""
