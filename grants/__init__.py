"""Quick Response Fund grants from proposal to audit pack.

Laid out in the house and registered, but without models or pages so far: nothing here is reachable.
May import the ground, and of `incidents` and `outreach` only their `measures`.
"""
