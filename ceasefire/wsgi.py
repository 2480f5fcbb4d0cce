"""The web server's way in. Refuses to start an unsafe production (ceasefire/local/guard.py)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ceasefire.settings")

from ceasefire.local import guard

guard.assert_safe_to_start()
application = get_wsgi_application()
