"""The dashboards: a handful of questions a role has, each with its figure and a way to the records.

`asked` reads the address: site, place, period, and what to compare with. `week` is the program's
page, `team` a supervisor's, `quality` that of the records themselves, `shared` REO's. Counts of
incidents are sums of rollups; nothing here goes through the records one by one.
"""
