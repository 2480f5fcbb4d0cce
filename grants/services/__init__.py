"""The verbs of grants. Each takes `by`, holds fund and grant, checks, writes, and is in the trail.

`proposals` (draft to tranches), `documents`, `organisations`, `funds` (rules, seats, what-if),
`rates`, `machine` (the state machine and `missing_for`), `requirements`, `payments`, `amendments`,
`ledger`, `monitoring`, `splits`, `verification`. Refusals stand in `grants.exceptions`.
"""
