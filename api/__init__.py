"""Touchline server: it remembers campaigns, answers GraphQL and dispatches what is due."""
