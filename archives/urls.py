from django.urls import path

from archives.views import ArchiveLink

urlpatterns = [
    path("archive/<str:token>", ArchiveLink.as_view(), name="archive-link"),
]
