"""The web server's way in. Refuses to start an unsafe production (ceasefire/local/guard.py)."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ceasefire.settings")

from ceasefire.local import guard

try:
    guard.assert_safe_to_start()
except SystemExit:
    # The one exit code at which gunicorn gives up instead of booting the worker again for ever.
    raise SystemExit(3 if "gunicorn.arbiter" in sys.modules else 1) from None
application = get_wsgi_application()
