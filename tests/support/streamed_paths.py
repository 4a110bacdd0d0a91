"""Paths whose POST gets a streamed response (tests/structure/test_streamed_responses.py)."""

ID = "01a200a1-0000-7000-8000-000000000000"
STREAMED = (
    "/files/archive",
    "/api/files/archive",
    "/me/export",
    f"/people/{ID}/export",
    "/admin/tenants/tenant/",
    "/admin/audit/auditevent/",
)
