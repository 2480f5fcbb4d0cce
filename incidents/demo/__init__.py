"""The demonstration: people, three sites, real UCDP events and made-up recent years.

How the made-up records come about is told in docs/demo-data.md. Nothing here is ever loaded in
production mode, and every made-up record says of itself that it is made up.
"""
