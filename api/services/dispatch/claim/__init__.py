"""Claim: take due emails for one attempt, and load the rows that they are written from."""
