"""Violent incidents: what happened, who says so, how sure we are.

Rules kept here: who may move an incident between states, how verification follows from the sources,
who may see which incident, and that a correction after acceptance is a revision. May import the
ground; never `outreach`, `grants` or `ceasefire.reports`. Reports and grants read `measures` only.
"""
