from django.urls import re_path

from archives.views import ArchiveLink

urlpatterns = [
    re_path(r"^/*archive/+(?P<token>[^/]+)/*$", ArchiveLink.as_view(), name="archive-link"),
]
