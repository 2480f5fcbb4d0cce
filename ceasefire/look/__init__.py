"""What every page looks like: navigation, template tags, charts, pages of a list, errors.

Rules: the look decides nothing. It reads permissions from the one table of roles, never rows of a
case; it shows what a view hands to it. It may import exports, people, places, codes, text and
periods. The catalogue of blocks, components and classes is docs/look.md.
"""
