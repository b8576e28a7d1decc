"""Every query. What comes in and goes out are rows of api.models; rules live in api.services."""
