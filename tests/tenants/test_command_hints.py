"""A command that is refused says what to do next."""

import pytest
from django.core.management import CommandError
from django.utils.module_loading import autodiscover_modules

from core.problems import catalogue
from tenants.management.hints import HINTS
from tests.support.commands import run_command


def test_every_hint_is_for_a_problem_that_exists():
    autodiscover_modules("problems")

    assert set(HINTS) <= set(catalogue())


def test_refusal_has_the_hint_in_the_same_line(make_tenant):
    tenant, other = make_tenant(), make_tenant()

    with pytest.raises(CommandError) as caught:
        run_command("rename_tenant", tenant.slug, other.slug)

    assert str(caught.value).endswith(HINTS["subdomain_taken"])
    assert "\n" not in str(caught.value)
