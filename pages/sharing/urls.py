"""Routes of the pages of shares, on tenants' hosts."""

from django.urls import path

from pages.sharing.links import links_page, revoke_link_page, share_file_page
from pages.sharing.public import share_page

urlpatterns = [
    path("links", links_page, name="links"),
    path("links/<id:share_id>/revoke", revoke_link_page, name="link-revoke"),
    path("files/<id:file_id>/share", share_file_page, name="file-share"),
    path("s/<str:token>", share_page, name="share-page"),
]
