"""JSON for devices under /api/v1/: tokens, plumbing, and the document that describes all of it.

The operations on incidents stand in `incidents.api`, those on places here. What they say of a
record is one table of fields (`shapes`), from which the answer and its schema are both made.
"""
