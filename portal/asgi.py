"""The live-event process: the plain ASGI application that streams events, beside Django and with its models at hand."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from portal.checks import refuse_unsafe  # noqa: E402 - names the applications' models
from portal.live.stream import app as application  # noqa: E402, F401

refuse_unsafe()
