"""The view that is measured: authenticated by simplejwt, rendered by DRF."""

from typing import Any

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Me(APIView):
    """The current user as a plain dictionary.

    A ModelSerializer would be usual and is slower. Aggios builds a dictionary too, so serializers
    are not part of the comparison.
    """

    def get(self, request: Request) -> Response:
        user: Any = request.user
        return Response(
            {
                "id": str(user.id),
                "email": user.email,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "role": user.role,
                "is_active": user.is_active,
                "created_at": user.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "updated_at": user.updated_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "language": user.language,
                "time_zone": user.time_zone,
            }
        )


urlpatterns = [path("api/users/me", Me.as_view())]
