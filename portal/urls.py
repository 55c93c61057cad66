"""The table of doors."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from portal.dialects.gws.urls import urlpatterns as gws
from portal.dialects.ringme.urls import root_urlpatterns as ringme_root
from portal.pages import health
from portal.pages.live import TicketPage

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^/*api/+ver1\.0/+", include("portal.dialects.ringme.urls")),
    path("", include("portal.dialects.vcc.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("live/ticket", TicketPage.as_view(), name="live-ticket"),
    path("operations/", admin.site.urls),
    path("intake/v1/", include("portal.intake.urls")),
    re_path(r"^/*oauth/+", include("portal.accounts.oauth_urls")),
    *ringme_root,
    *gws,
    path("", include("portal.accounts.urls")),
    path("", include("portal.clients.urls")),
    path("", include("records.urls")),
    path("", include("archives.urls")),
    path("", include("portal.pages.urls")),
]
