"""The web process: Django behind WSGI. It does not come to life when the boot checks fail."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()

from portal.checks import refuse_unsafe  # noqa: E402 - names the applications' models

refuse_unsafe()
