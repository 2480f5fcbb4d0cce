"""Who works here: users, the nine roles, and the one table that says what a role may do.

Whether a role may do a thing is asked of `roles.py`; whether a person may see a row is asked of the
model's `visible_to(user)`. Nothing else decides either.
"""
