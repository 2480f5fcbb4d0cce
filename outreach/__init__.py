"""Participants, caseloads, contacts, conflicts and mediation.

A case is a code: names, phones and notes lie sealed in the vault. Whose case a person sees is
`visible_to`: workers their own, supervisors their team's, managers their sites'. REO's role in the
database has no right on any table here.

May import `incidents` and the ground. Nothing below may import it, and `reports` and `grants` only
its `measures`.
"""
