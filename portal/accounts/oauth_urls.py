"""OAuth's own addresses, at the host's root."""

from django.urls import re_path

from portal.accounts.token_endpoint import TokenEndpoint

urlpatterns = [re_path(r"^/*token/*$", TokenEndpoint.as_view(), name="oauth-token")]
