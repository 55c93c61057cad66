from django.urls import path

from portal.accounts import application_views, token_views, user_views, views

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
    path("applications/", application_views.ApplicationsPage.as_view(), name="applications"),
    path("applications/new/", application_views.ApplicationNew.as_view(), name="application-new"),
    path("applications/tokens/", token_views.TokensPage.as_view(), name="tokens"),
    path("applications/tokens/<int:pk>/end/", token_views.TokenEnd.as_view(), name="token-end"),
    path("applications/<int:pk>/", application_views.ApplicationEdit.as_view(), name="application"),
    path("applications/<int:pk>/secret/", application_views.ApplicationSecret.as_view(), name="application-secret"),
    path("applications/<int:pk>/end/", application_views.ApplicationTokensEnd.as_view(), name="application-end"),
    path("applications/<int:pk>/block/", application_views.ApplicationBlock.as_view(), name="application-block"),
    path("applications/<int:pk>/unblock/", application_views.ApplicationUnblock.as_view(), name="application-unblock"),
    path("applications/<int:pk>/delete/", application_views.ApplicationDelete.as_view(), name="application-delete"),
    path("connected/", token_views.ConnectedPage.as_view(), name="connected"),
    path("connected/<int:pk>/end/", token_views.ConnectedEnd.as_view(), name="connected-end"),
]
