"""Quick Response Fund grants from proposal to audit pack.

Every invariant of money and every separation of duties stands in the database (migration 0002);
the services refuse first, in words. Nothing here has a page yet.
May import the ground, and of `incidents` and `outreach` only their `measures`.
"""
