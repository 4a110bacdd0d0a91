"""Routes of the accounts app, on a tenant's host and on the general API host."""

from django.urls import path

from accounts.api import (
    api_keys,
    audit_events,
    data_export,
    domains,
    email_change,
    invitations,
    login,
    me,
    own_tenant,
    passwords,
    registration,
    second_factors,
    sessions,
    users,
)

urlpatterns = [
    path("api/auth/login", login.LoginView.as_view(), name="login"),
    path("api/auth/register", registration.RegisterView.as_view(), name="register"),
    path("api/auth/refresh", login.RefreshView.as_view(), name="refresh"),
    path("api/auth/logout", login.LogoutView.as_view(), name="logout"),
    path("api/logout", login.ShortLogoutView.as_view(), name="logout-short"),
    path("api/auth/logout-all", login.LogoutAllView.as_view(), name="logout-all"),
    path(
        "api/auth/password/forgot", passwords.ForgotPasswordView.as_view(), name="password-forgot"
    ),
    path("api/auth/password/reset", passwords.ResetPasswordView.as_view(), name="password-reset"),
    path("api/auth/email/verify", registration.VerifyEmailView.as_view(), name="email-verify"),
    path(
        "api/auth/email/verification",
        registration.SendVerificationView.as_view(),
        name="email-verification",
    ),
    path(
        "api/auth/password/change", passwords.ChangePasswordView.as_view(), name="password-change"
    ),
    path("api/auth/prove", login.ReauthenticateView.as_view(), name="prove"),
    path("api/auth/factors", second_factors.SecondFactorListView.as_view(), name="factors"),
    path(
        "api/auth/factors/<id:factor_id>",
        second_factors.SecondFactorDetailView.as_view(),
        name="factor",
    ),
    path(
        "api/auth/factors/<id:factor_id>/confirm",
        second_factors.SecondFactorConfirmView.as_view(),
        name="factor-confirm",
    ),
    path(
        "api/auth/recovery-codes", second_factors.RecoveryCodesView.as_view(), name="recovery-codes"
    ),
    path("api/auth/sessions", sessions.SessionListView.as_view(), name="sessions"),
    path("api/auth/sessions/<id:session_id>", sessions.SessionDetailView.as_view(), name="session"),
    path("api/keys", api_keys.ApiKeyListView.as_view(), name="keys"),
    path("api/keys/<id:key_id>", api_keys.ApiKeyDetailView.as_view(), name="key"),
    path("api/audit", audit_events.AuditEventListView.as_view(), name="events"),
    path(
        "api/audit/<id:audit_event_id>", audit_events.AuditEventDetailView.as_view(), name="event"
    ),
    path("api/users/me", me.MeView.as_view(), name="me"),
    path("api/users/me/email", email_change.EmailChangeView.as_view(), name="me-email"),
    path(
        "api/users/me/email/confirm",
        email_change.ConfirmEmailChangeView.as_view(),
        name="me-email-confirm",
    ),
    path("api/invitations", invitations.InvitationListView.as_view(), name="invitations"),
    path(
        "api/invitations/<id:invitation_id>",
        invitations.InvitationDetailView.as_view(),
        name="invitation",
    ),
    path(
        "api/invitations/<id:invitation_id>/resend",
        invitations.InvitationResendView.as_view(),
        name="invitation-resend",
    ),
    path("api/tenant", own_tenant.OwnTenantView.as_view(), name="own-tenant"),
    path("api/tenant/domains", domains.DomainListView.as_view(), name="own-domains"),
    path(
        "api/tenant/domains/<id:domain_id>", domains.DomainDetailView.as_view(), name="own-domain"
    ),
    path(
        "api/tenant/domains/<id:domain_id>/check",
        domains.DomainCheckView.as_view(),
        name="own-domain-check",
    ),
    path("api/users", users.UserListView.as_view(), name="users"),
    path("api/users/<id:user_id>", users.UserDetailView.as_view(), name="user"),
    path("api/users/me/export", data_export.OwnDataExportView.as_view(), name="me-export"),
    path(
        "api/users/<id:user_id>/export",
        data_export.UserDataExportView.as_view(),
        name="user-export",
    ),
    path(
        "api/users/<id:user_id>/factors",
        users.UserSecondFactorsView.as_view(),
        name="user-factors",
    ),
    path("api/users/<id:user_id>/erase", users.UserEraseView.as_view(), name="user-erase"),
    path("api/tenant/transfer", own_tenant.OwnershipTransferView.as_view(), name="tenant-transfer"),
    path(
        "api/users/<id:user_id>/sessions",
        sessions.UserSessionListView.as_view(),
        name="user-sessions",
    ),
]
