"""The pages of those who keep the program honest and running: audit trail, jobs, places, sites.

Only pages and the place verbs; the records themselves are kept by the modules they belong to.
"""
