"""The web process: Django behind WSGI. It does not come to life when the boot checks fail."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()

import portal.celery  # noqa: E402, F401 - requests queue work; the settings must be there first
from portal.checks import refuse_unsafe  # noqa: E402 - names the applications' models

refuse_unsafe()
