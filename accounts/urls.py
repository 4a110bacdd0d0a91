"""Routes of accounts on a tenant's host and on api."""

from django.urls import path

from accounts.api import (
    audit,
    data_export,
    domains,
    factors,
    invitations,
    keys,
    login,
    logout,
    mailed,
    me,
    own_tenant,
    ownership,
    passwords,
    people,
    proving,
    sessions,
)

urlpatterns = [
    path("api/auth/login", login.LoginView.as_view(), name="login"),
    path("api/auth/register", login.RegisterView.as_view(), name="register"),
    path("api/auth/refresh", login.RefreshView.as_view(), name="refresh"),
    path("api/auth/logout", logout.LogoutView.as_view(), name="logout"),
    path("api/logout", logout.ShortLogoutView.as_view(), name="logout-short"),
    path("api/auth/logout-all", logout.LogoutAllView.as_view(), name="logout-all"),
    path("api/auth/password/forgot", mailed.ForgotPasswordView.as_view(), name="password-forgot"),
    path("api/auth/password/reset", mailed.ResetPasswordView.as_view(), name="password-reset"),
    path("api/auth/email/verify", mailed.VerifyEmailView.as_view(), name="email-verify"),
    path(
        "api/auth/email/verification",
        mailed.SendVerificationView.as_view(),
        name="email-verification",
    ),
    path(
        "api/auth/password/change", passwords.ChangePasswordView.as_view(), name="password-change"
    ),
    path("api/auth/prove", proving.ReauthenticateView.as_view(), name="prove"),
    path("api/auth/factors", factors.SecondFactorListView.as_view(), name="factors"),
    path(
        "api/auth/factors/<id:factor_id>", factors.SecondFactorDetailView.as_view(), name="factor"
    ),
    path(
        "api/auth/factors/<id:factor_id>/confirm",
        factors.SecondFactorConfirmView.as_view(),
        name="factor-confirm",
    ),
    path("api/auth/recovery-codes", factors.RecoveryCodesView.as_view(), name="recovery-codes"),
    path("api/auth/sessions", sessions.SessionListView.as_view(), name="sessions"),
    path("api/auth/sessions/<id:session_id>", sessions.SessionDetailView.as_view(), name="session"),
    path("api/keys", keys.ApiKeyListView.as_view(), name="keys"),
    path("api/keys/<id:key_id>", keys.ApiKeyDetailView.as_view(), name="key"),
    path("api/audit", audit.AuditEventListView.as_view(), name="events"),
    path("api/audit/<id:audit_event_id>", audit.AuditEventDetailView.as_view(), name="event"),
    path("api/users/me", me.MeView.as_view(), name="me"),
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
    path("api/users", people.UserListView.as_view(), name="users"),
    path("api/users/<id:user_id>", people.UserDetailView.as_view(), name="user"),
    path("api/users/me/export", data_export.OwnDataExportView.as_view(), name="me-export"),
    path(
        "api/users/<id:user_id>/export",
        data_export.UserDataExportView.as_view(),
        name="user-export",
    ),
    path(
        "api/users/<id:user_id>/factors",
        people.UserSecondFactorsView.as_view(),
        name="user-factors",
    ),
    path("api/users/<id:user_id>/erase", people.UserEraseView.as_view(), name="user-erase"),
    path("api/tenant/transfer", ownership.OwnershipTransferView.as_view(), name="tenant-transfer"),
    path(
        "api/users/<id:user_id>/sessions",
        sessions.UserSessionListView.as_view(),
        name="user-sessions",
    ),
]
