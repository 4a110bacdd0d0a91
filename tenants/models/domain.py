"""The names that a tenant is reached by."""

from django.db import models
from django_tenants.models import DomainMixin
from uuid6 import uuid7


class Domain(DomainMixin):  # type: ignore[misc]
    """A name of a tenant: a subdomain label (``acme``) or a whole custom host name.

    A label has no dot and a custom domain has, so one column holds both, and the platform's own
    domain can change without touching a row. A custom domain is a claim until ``verified_at`` is
    set: any number of tenants may claim a name, one may have proved it. A label with
    ``redirect_until`` is a former one, whose links are redirected until then.
    """

    class Kind(models.TextChoices):
        SUBDOMAIN = "subdomain", "Subdomain"
        CUSTOM = "custom", "Custom domain"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253, db_index=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SUBDOMAIN)
    proof_token = models.CharField(max_length=64, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_result = models.CharField(max_length=40, blank=True, editable=False)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    redirect_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-is_primary", "domain")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind="subdomain", domain__regex=r"^[a-z0-9-]{2,40}$")
                | models.Q(kind="custom", domain__contains="."),
                name="domain_form_fits_kind",
            ),
            models.UniqueConstraint(
                fields=("domain",),
                condition=models.Q(kind="subdomain") | models.Q(verified_at__isnull=False),
                name="domain_leads_to_one_tenant",
            ),
            models.UniqueConstraint(fields=("tenant", "domain"), name="domain_once_per_tenant"),
        )

    def __str__(self) -> str:
        return str(self.domain)

    @property
    def is_label(self) -> bool:
        """Whether this is a subdomain label rather than a whole host name."""
        return self.kind == self.Kind.SUBDOMAIN
