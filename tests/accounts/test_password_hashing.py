"""Stored password hashes."""

import pytest
from django.contrib.auth.hashers import check_password

from accounts.auth.login import log_in
from accounts.models import User
from accounts.passwords.validation import hash_new_password, user_password_matches
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD


class TestPasswords:
    """Argon2id with a pepper that can be rotated."""

    @pytest.mark.usefixtures("usual_argon2")
    def test_password_is_stored_as_peppered_argon2(self):
        stored = hash_new_password(PASSWORD, User())

        assert stored.startswith("argon2p$1$argon2id$v=19$m=19456,t=2,p=1$")
        assert hash_new_password(PASSWORD, User()) != hash_new_password(PASSWORD, User())

    def test_password_without_its_pepper_does_not_match(self, settings):
        stored = hash_new_password(PASSWORD, User())
        assert check_password(PASSWORD, stored)

        settings.PASSWORD_PEPPERS = "1:" + "0" * 64
        assert not check_password(PASSWORD, stored)
        settings.PASSWORD_PEPPERS = "2:" + "0" * 64
        assert not check_password(PASSWORD, stored)

    def test_new_pepper_is_used_from_the_next_log_in(self, agency: Agency, settings):
        settings.PASSWORD_PEPPERS = f"2:{'f' * 64},{settings.PASSWORD_PEPPERS}"
        with tenant_context(agency.ref):
            log_in(email=agency.owner.email, password=PASSWORD)
            stored = User.objects.get()
            assert stored.password.startswith("argon2p$2$")
            assert user_password_matches(stored, PASSWORD)
            assert not user_password_matches(stored, "another password")

    def test_wrong_password_rehashes_nothing(self, agency: Agency, settings):
        settings.PASSWORD_PEPPERS = f"2:{'f' * 64},{settings.PASSWORD_PEPPERS}"
        with tenant_context(agency.ref):
            assert not user_password_matches(User.objects.get(), "another password")
            assert User.objects.get().password.startswith("argon2p$1$")
