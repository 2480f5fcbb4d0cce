"""Incidents as JSON for devices: the same rules, forms and services as the pages.

`fields` is what is said of an incident, `entry` reads a report, `views` are the operations.
"""
