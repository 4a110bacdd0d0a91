"""Routes of the staff API on the central hosts."""

from django.urls import path

from staff.api import auth, domains, tenants, usage

# Not on api., where these paths belong to tenants.
log_in = [
    path("api/auth/login", auth.StaffLogin.as_view(), name="staff-login"),
    path("api/auth/logout", auth.StaffLogout.as_view(), name="staff-logout"),
]
urlpatterns = [
    path("api/tenants", tenants.Tenants.as_view(), name="tenants"),
    path("api/tenants/<id:tenant_id>", tenants.OneTenant.as_view(), name="tenant"),
    path("api/tenants/<id:tenant_id>/usage", usage.TenantUsage.as_view(), name="tenant-usage"),
    path(
        "api/tenants/<id:tenant_id>/domains",
        domains.TenantDomains.as_view(),
        name="tenant-domains",
    ),
    path(
        "api/tenants/<id:tenant_id>/domains/<id:domain_id>",
        domains.OneTenantDomain.as_view(),
        name="tenant-domain",
    ),
    path(
        "api/tenants/<id:tenant_id>/domains/<id:domain_id>/check",
        domains.CheckTenantDomain.as_view(),
        name="tenant-domain-check",
    ),
    path("api/tenants/<id:tenant_id>/suspend", tenants.Suspend.as_view(), name="tenant-suspend"),
    path("api/tenants/<id:tenant_id>/resume", tenants.Resume.as_view(), name="tenant-resume"),
    path(
        "api/tenants/<id:tenant_id>/cancel-deletion",
        tenants.CancelDeletion.as_view(),
        name="tenant-cancel-deletion",
    ),
    path(
        "api/tenants/<id:tenant_id>/rotate-key",
        tenants.RotateKey.as_view(),
        name="tenant-rotate-key",
    ),
]
