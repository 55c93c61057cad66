from django.urls import path

from portal.accounts import views

urlpatterns = [
    path("sign-in/", views.SignInPage.as_view(), name="sign-in"),
    path("sign-out/", views.SignOutPage.as_view(), name="sign-out"),
    path("password/", views.PasswordPage.as_view(), name="password-change"),
    path("choose-client/", views.ChooseClientPage.as_view(), name="choose-client"),
]
