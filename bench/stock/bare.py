"""The upper bound: settings and one view that returns the same JSON; no database, no middleware."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

SECRET_KEY = "nothing is signed here"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS: list[str] = []
MIDDLEWARE: list[str] = []
ROOT_URLCONF = __name__
USE_TZ = True

USER = {
    "id": "01932f6e-5c9b-7e02-9a55-0d6a1f5d8c11",
    "email": "ada@acme.test",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "role": "owner",
    "is_active": True,
    "created_at": "2026-01-01T09:00:00.000000Z",
    "updated_at": "2026-01-01T09:00:00.000000Z",
    "language": "",
    "time_zone": "",
}


def me(request: HttpRequest) -> JsonResponse:
    """Return a constant. The other sides get their Content-Length from CommonMiddleware."""
    response = JsonResponse(USER)
    response.headers["Content-Length"] = str(len(response.content))
    return response


urlpatterns = [path("api/users/me", me)]
