from django.urls import path

from portal.accounts import user_views, views

urlpatterns = [
    path("sign-in/", views.SignInPage.as_view(), name="sign-in"),
    path("sign-out/", views.SignOutPage.as_view(), name="sign-out"),
    path("password/", views.PasswordPage.as_view(), name="password-change"),
    path("choose-client/", views.ChooseClientPage.as_view(), name="choose-client"),
    path("users/", user_views.UsersPage.as_view(), name="users"),
    path("users/new/", user_views.UserNew.as_view(), name="user-new"),
    path("users/<int:pk>/", user_views.UserEdit.as_view(), name="user"),
    path("users/<int:pk>/password/", user_views.UserPassword.as_view(), name="user-password"),
    path("users/<int:pk>/block/", user_views.UserBlock.as_view(), name="user-block"),
    path("users/<int:pk>/unblock/", user_views.UserUnblock.as_view(), name="user-unblock"),
]
