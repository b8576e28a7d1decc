"""The HTTP server: uvicorn with limits for the time, size and number of connections.

Imports: codes.
Imported by: cli, http.
"""

ACKNOWLEDGE_EXTENSION = "touchline.acknowledged"
"""Key of a function in the extensions of a websocket's ASGI scope. The application calls it after authentication."""
