"""Pure statistics: arrays in, results out. Imports numpy and scipy only, never Django or an app.

`assessment` judges a panel for the weekly report; `farrington`, `ears`, `early_watch`, `history`,
`multiple_testing` and `distributions` are what it stands on. `near_repeat`, `space_time_scan`,
`nowcast`, `trend` and `effect` each answer one other question of the report; `trend` stands on
`counts`.
"""
