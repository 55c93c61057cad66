"""OAuth's own addresses, at the host's root; with and without the last slash, and with doubled ones."""

from django.urls import re_path

from portal.accounts.authorize import AuthorizePage
from portal.accounts.token_endpoint import TokenEndpoint
from portal.accounts.token_ends import IntrospectionEndpoint, RevocationEndpoint

urlpatterns = [
    re_path(r"^/*authorize/*$", AuthorizePage.as_view(), name="oauth-authorize"),
    re_path(r"^/*token/*$", TokenEndpoint.as_view(), name="oauth-token"),
    re_path(r"^/*revoke_token/*$", RevocationEndpoint.as_view(), name="oauth-revoke"),
    re_path(r"^/*introspect/*$", IntrospectionEndpoint.as_view(), name="oauth-introspect"),
]
