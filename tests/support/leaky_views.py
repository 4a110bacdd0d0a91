"""A URL configuration with the mistakes that the audit is there for, one in each route."""

import base64
import gzip
import json
import uuid
from datetime import timedelta

from django.conf import settings
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts.models import Session, User
from accounts.retention import prune as prune_rows
from audit.services import SYSTEM, record
from core.db_backend.scope import PUBLIC, use_scope
from files.models import Balance, File, FileVersion
from files.storage.client import client
from files.storage.configured import tenant_storage
from operations.isolation.tenants import SLUG_PREFIX
from tenants.context import TenantRef, ref_of, tenant_context
from tenants.models import Tenant


def _audit_tenants() -> QuerySet[Tenant]:
    # Not all tenants: the suite has made hundreds by now.
    return Tenant.objects.filter(
        status="active", domains__domain__startswith=SLUG_PREFIX
    ).distinct()


def _audit_refs() -> list[TenantRef]:
    with use_scope(PUBLIC):
        return [ref_of(tenant) for tenant in _audit_tenants()]


def _tenant_of_file(file_id: uuid.UUID) -> TenantRef | None:
    for ref in _audit_refs():
        with tenant_context(ref):
            if File.objects.filter(pk=file_id).exists():
                return ref
    return None


def row(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Looks for a file wherever it is."""
    holder = _tenant_of_file(file_id)
    if holder is None:
        return HttpResponse(status=404)
    with tenant_context(holder):
        return JsonResponse({"name": File.objects.get(pk=file_id).name})


def people(request: HttpRequest) -> HttpResponse:
    """Requires no credential."""
    return JsonResponse({"people": list(User.objects.values_list("email", flat=True))})


def object_by_key(request: HttpRequest) -> HttpResponse:
    """Takes a whole key from the client."""
    try:
        key = json.loads(request.body)["key"]
        found = client().get_object(Bucket=settings.S3_BUCKET, Key=key)
    except (ValueError, KeyError):
        return HttpResponse(status=400)
    return HttpResponse(found["Body"].read())


def by_header(request: HttpRequest) -> HttpResponse:
    """Believes a header about the tenant."""
    named = request.headers.get("X-Tenant-Id", "")
    for ref in _audit_refs():
        if str(ref.id) == named:
            with tenant_context(ref):
                return people(request)
    return HttpResponse(status=401)


def packed(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Gives the row away compressed, and wrapped once more."""
    answer = row(request, file_id)
    return HttpResponse(gzip.compress(base64.b64encode(answer.content)), status=answer.status_code)


def oracle(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Tells whether a file exists anywhere, and nothing else."""
    return HttpResponse(status=404 if _tenant_of_file(file_id) is None else 204)


def rename(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Changes a row of another tenant and answers as for an unknown id."""
    if request.method == "PATCH" and (holder := _tenant_of_file(file_id)):
        with tenant_context(holder):
            File.objects.filter(pk=file_id).update(name="taken")
    return HttpResponse(status=404)


def remove_object(request: HttpRequest) -> HttpResponse:
    """Deletes any object that it is told, and says nothing."""
    if request.method == "DELETE":
        key = json.loads(request.body)["key"]
        client().delete_object(Bucket=settings.S3_BUCKET, Key=key)
    return HttpResponse(status=404)


def link(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Signs a URL for another tenant's object."""
    holder = _tenant_of_file(file_id)
    if holder is None:
        return HttpResponse(status=404)
    with tenant_context(holder):
        version = FileVersion.objects.filter(file=file_id).first()
        return HttpResponseRedirect(tenant_storage().url(version.object_name))


def failing(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Falls over an id that it does not have."""
    raise RuntimeError(str(file_id))


def stamp(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Sets a column of another tenant that the housekeeper maintains, silently."""
    if request.method == "POST" and (holder := _tenant_of_file(file_id)):
        with tenant_context(holder):
            Balance.objects.update(reconciled_at=timezone.now())
    return HttpResponse(status=404)


def prune(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Takes away what the housekeeper would take away, by its own command."""
    if request.method == "POST" and (holder := _tenant_of_file(file_id)):
        with tenant_context(holder):
            ahead = timezone.now() + timedelta(days=365)
            Session.objects.update(expires_at=F("created_at"))
            prune_rows("sessions", ahead)
    return HttpResponse(status=404)


def trail(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Writes into another tenant's audit trail."""
    if request.method == "POST" and (holder := _tenant_of_file(file_id)):
        with tenant_context(holder):
            record("file.purged", actor=SYSTEM)
    return HttpResponse(status=404)


def again(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Writes the value that is there already."""
    if request.method == "POST" and (holder := _tenant_of_file(file_id)):
        with tenant_context(holder):
            File.objects.filter(pk=file_id).update(name=F("name"))
    return HttpResponse(status=404)


urlpatterns = [
    path("leak/row/<uuid:file_id>", csrf_exempt(row)),
    path("leak/people", csrf_exempt(people)),
    path("leak/object", csrf_exempt(object_by_key)),
    path("leak/header", csrf_exempt(by_header)),
    path("leak/packed/<uuid:file_id>", csrf_exempt(packed)),
    path("leak/oracle/<uuid:file_id>", csrf_exempt(oracle)),
    path("leak/rename/<uuid:file_id>", csrf_exempt(rename)),
    path("leak/remove", csrf_exempt(remove_object)),
    path("leak/link/<uuid:file_id>", csrf_exempt(link)),
    path("leak/stamp/<uuid:file_id>", csrf_exempt(stamp)),
    path("leak/prune/<uuid:file_id>", csrf_exempt(prune)),
    path("leak/trail/<uuid:file_id>", csrf_exempt(trail)),
    path("leak/again/<uuid:file_id>", csrf_exempt(again)),
    path("leak/failing/<uuid:file_id>", csrf_exempt(failing)),
]
