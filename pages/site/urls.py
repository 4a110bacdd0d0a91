"""Routes of the public site, and of the files for programs on every host."""

from django.urls import path

from pages.site import documentation, pages, well_known

files_for_programs = [
    path("favicon.ico", well_known.favicon, name="favicon"),
    path(".well-known/change-password", well_known.change_password, name="change-password"),
]
closed_to_robots = [
    path("robots.txt", well_known.robots_closed, name="robots"),
    *files_for_programs,
]
urlpatterns = [
    path("", pages.home, name="front"),
    path("features", pages.features, name="site-features"),
    path("security", pages.security, name="site-security"),
    path("terms", pages.terms, name="site-terms"),
    path("privacy", pages.privacy, name="site-privacy"),
    path("contact", pages.contact, name="site-contact"),
    path("docs", documentation.documentation, name="site-documentation"),
    path("docs/<path:name>", documentation.document, name="site-document"),
    path("robots.txt", well_known.robots, name="robots"),
    path("sitemap.xml", well_known.sitemap, name="sitemap"),
    path(".well-known/security.txt", well_known.security_txt, name="security-txt"),
    *files_for_programs,
]
