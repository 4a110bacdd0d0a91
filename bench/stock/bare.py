"""A view that touches nothing."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

ANSWER = {
    "id": "01932f6e-5c9b-7e02-9a55-0d6a1f5d8c11",
    "email": "ada@acme.test",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "role": "owner",
    "is_active": True,
    "created_at": "2026-01-01T09:00:00.000000Z",
    "updated_at": "2026-01-01T09:00:00.000000Z",
}


def me(request: HttpRequest) -> JsonResponse:
    """Answer always the same. The length is CommonMiddleware's work elsewhere."""
    response = JsonResponse(ANSWER)
    response.headers["Content-Length"] = str(len(response.content))
    return response


urlpatterns = [path("api/users/me", me)]
