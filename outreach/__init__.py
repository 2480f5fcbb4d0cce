"""Participants, caseloads, contacts, conflicts and mediation.

Laid out in the house and registered, but without models or pages so far: nothing here is reachable.
May import `incidents` and the ground; nothing below may import it.
"""
