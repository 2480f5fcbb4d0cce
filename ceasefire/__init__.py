"""The project: wiring on top (settings, urls, celery), shared ground underneath.

Each folder here is one job of the ground, named in docs/architecture.md. Apps (`incidents`,
`outreach`, `grants`) may import the ground; the ground never imports an app, but for
`ceasefire.reports` and `ceasefire.urls`, which stand above them.
"""

from ceasefire.celery import app as celery_app

__all__ = ["celery_app"]
