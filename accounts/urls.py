"""Routes of accounts on a tenant's host and on api."""

from django.urls import path

from accounts.api import (
    audit,
    auth,
    domains,
    factors,
    keys,
    mailed,
    ownership,
    passwords,
    people,
    personal_data,
    proving,
    users,
    workspace,
)

urlpatterns = [
    path("api/auth/login", auth.Login.as_view(), name="login"),
    path("api/auth/register", auth.Register.as_view(), name="register"),
    path("api/auth/refresh", auth.Refresh.as_view(), name="refresh"),
    path("api/auth/logout", auth.Logout.as_view(), name="logout"),
    path("api/logout", auth.LogoutShort.as_view(), name="logout-short"),
    path("api/auth/logout-all", auth.LogoutAll.as_view(), name="logout-all"),
    path("api/auth/password/forgot", mailed.Forgot.as_view(), name="password-forgot"),
    path("api/auth/password/reset", mailed.Reset.as_view(), name="password-reset"),
    path("api/auth/email/verify", mailed.Verify.as_view(), name="email-verify"),
    path("api/auth/email/verification", mailed.Verification.as_view(), name="email-verification"),
    path("api/auth/password/change", passwords.ChangePassword.as_view(), name="password-change"),
    path("api/auth/prove", proving.Prove.as_view(), name="prove"),
    path("api/auth/factors", factors.Factors.as_view(), name="factors"),
    path("api/auth/factors/<uuid:factor_id>", factors.OneFactor.as_view(), name="factor"),
    path(
        "api/auth/factors/<uuid:factor_id>/confirm",
        factors.ConfirmFactor.as_view(),
        name="factor-confirm",
    ),
    path("api/auth/recovery-codes", factors.RecoveryCodes.as_view(), name="recovery-codes"),
    path("api/keys", keys.Keys.as_view(), name="keys"),
    path("api/keys/<uuid:key_id>", keys.OneKey.as_view(), name="key"),
    path("api/audit", audit.Events.as_view(), name="events"),
    path("api/audit/<uuid:audit_event_id>", audit.OneEvent.as_view(), name="event"),
    path("api/users/me", users.Me.as_view(), name="me"),
    path("api/tenant", workspace.Workspace.as_view(), name="own-tenant"),
    path("api/tenant/domains", domains.Domains.as_view(), name="own-domains"),
    path("api/tenant/domains/<uuid:domain_id>", domains.OneDomain.as_view(), name="own-domain"),
    path(
        "api/tenant/domains/<uuid:domain_id>/check",
        domains.CheckDomain.as_view(),
        name="own-domain-check",
    ),
    path("api/users", people.People.as_view(), name="users"),
    path("api/users/<uuid:user_id>", people.OnePerson.as_view(), name="user"),
    path("api/users/me/export", personal_data.MyData.as_view(), name="me-export"),
    path(
        "api/users/<uuid:user_id>/export",
        personal_data.PersonsData.as_view(),
        name="user-export",
    ),
    path("api/tenant/transfer", ownership.Transfer.as_view(), name="tenant-transfer"),
]
