"""Routes of the settings, on tenants' hosts."""

from django.urls import path

from pages.branding import logo_page, theme_page
from pages.workspace.audit import audit_page, export_audit_page
from pages.workspace.branding import branding_page, logo_form_page
from pages.workspace.domains import check_domain_page, domains_page, remove_domain_page
from pages.workspace.general import general_page
from pages.workspace.keys import keys_page, new_key_page, revoke_key_page
from pages.workspace.ownership import delete_workspace_page, ownership_page
from pages.workspace.sign_in import sign_in_page
from pages.workspace.support import (
    end_support_page,
    grant_support_page,
    refuse_support_page,
    support_page,
)
from pages.workspace.usage import usage_page

urlpatterns = [
    path("settings", general_page, name="settings-general"),
    path("settings/branding", branding_page, name="settings-branding"),
    path("settings/logo", logo_form_page, name="settings-logo"),
    path("logo", logo_page, name="logo"),
    path("theme.css", theme_page, name="theme"),
    path("settings/sign-in", sign_in_page, name="settings-sign-in"),
    path("settings/domains", domains_page, name="settings-domains"),
    path("settings/domains/<id:domain_id>/check", check_domain_page, name="settings-domain-check"),
    path("settings/domains/<id:domain_id>/remove", remove_domain_page, name="settings-domain"),
    path("settings/keys", keys_page, name="settings-keys"),
    path("settings/keys/new", new_key_page, name="settings-key-new"),
    path("settings/keys/<id:key_id>/revoke", revoke_key_page, name="settings-key-revoke"),
    path("settings/usage", usage_page, name="settings-usage"),
    path("settings/support", support_page, name="settings-support"),
    path(
        "settings/support/<id:access_id>/grant", grant_support_page, name="settings-support-grant"
    ),
    path(
        "settings/support/<id:access_id>/refuse",
        refuse_support_page,
        name="settings-support-refuse",
    ),
    path("settings/support/<id:access_id>/end", end_support_page, name="settings-support-end"),
    path("settings/ownership", ownership_page, name="settings-ownership"),
    path("settings/delete", delete_workspace_page, name="settings-delete"),
    path("audit", audit_page, name="audit"),
    path("audit.<slug:kind>", export_audit_page, name="audit-export"),
]
