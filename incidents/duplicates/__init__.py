"""Finding records that tell of one event: which to compare, and how much they look alike.

`scoring` and `words` are pure; `finding` asks the database. docs/duplicates.md says how well it
does.
"""
