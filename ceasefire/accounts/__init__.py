"""Ways in and out, one's own account, and the administrator's pages about users.

Stands above `people` (models, roles), `audit` and `look`, since its verbs are audited and its forms
are shown. Real names are kept nowhere here: people are code names.
"""
