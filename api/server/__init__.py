"""The HTTP server: uvicorn with limits on time, size and number for every connection.

Imports: codes.
Imported by: cli, http.
"""

ACKNOWLEDGED = "touchline.acknowledged"
"""The extension of a websocket's ASGI scope by which the application says that it knows who the client is."""
