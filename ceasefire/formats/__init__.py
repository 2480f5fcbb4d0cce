"""Dates and numbers as read and typed in Iraq, for Django's FORMAT_MODULE_PATH.

Django's own `ar` refuses 22/11/2026 and silently reads 11/12/2026 in US order, and its `en` takes
US order as well. Both languages here read day, month, year, and the ISO order of date inputs.
"""
