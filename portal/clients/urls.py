from django.urls import path

from portal.clients import did_views, views

urlpatterns = [
    path("groups/", views.GroupsPage.as_view(), name="groups"),
    path("groups/new/", views.GroupNew.as_view(), name="group-new"),
    path("groups/<int:pk>/", views.GroupEdit.as_view(), name="group"),
    path("groups/<int:pk>/delete/", views.GroupDelete.as_view(), name="group-delete"),
    path("extensions/", views.ExtensionsPage.as_view(), name="extensions"),
    path("extensions/new/", views.ExtensionNew.as_view(), name="extension-new"),
    path("extensions/<int:pk>/", views.ExtensionEdit.as_view(), name="extension"),
    path("extensions/<int:pk>/retire/", views.ExtensionRetire.as_view(), name="extension-retire"),
    path("numbers/", did_views.DidsPage.as_view(), name="dids"),
    path("numbers/new/", did_views.DidNew.as_view(), name="did-new"),
    path("numbers/<int:pk>/", did_views.DidEdit.as_view(), name="did"),
    path("numbers/<int:pk>/delete/", did_views.DidDelete.as_view(), name="did-delete"),
]
