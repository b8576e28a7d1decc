"""How requests come in: over HTTP and over a websocket, through the same guard."""
