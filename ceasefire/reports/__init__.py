"""The weekly violence-trend report, the dashboard and the homes.

A report is compiled by a job, one per site and week, told in words by a data officer, approved by a
manager and then frozen: PostgreSQL refuses to change it. A correction makes a revision beside it.
REO reads a version of its own, made at approval, in which small counts are hidden.

May import everything below; of the case files only `incidents.measures`, which returns numbers.
"""
