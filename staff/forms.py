"""Forms of the admin for staff users: log-in, passwords, creation, change."""

from typing import Any, ClassVar

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.forms import AdminPasswordChangeForm as PasswordChangeForm
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    BaseUserCreationForm,
    UserChangeForm,
    UsernameField,
)
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.services import record
from core.crypto.one_time_codes import MAX_CODE_LENGTH
from core.crypto.passwords import SAME_PASSWORD, normalize_password
from core.forms import EmailAddressFormField
from core.problems import InvalidCredentials, SecondFactorRequired, ValidationFailed
from core.text.translation import translated
from staff.actors import actor_of, target_of
from staff.login_throttling import throttle_login
from staff.models import StaffUser
from staff.second_factor import require_code
from staff.services import clean_staff_names


class StaffLoginForm(AdminAuthenticationForm):
    """E-mail, password and, if enrolled, a second-factor code."""

    # Django's label is the name of the model's field, which is not translated.
    username = UsernameField(
        label=_("E-mail address"), widget=forms.TextInput(attrs={"autofocus": True})
    )
    code = forms.CharField(
        label=_("One-time code"),
        help_text=_("Of your app, or a recovery code; leave it empty if you have none."),
        required=False,
        max_length=MAX_CODE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        """Authenticate, as one throttled attempt. Raises: RateLimited.

        The attempt is counted here, after the field has normalised the address (NFKC).
        """
        email, password = (self.cleaned_data.get(name) for name in ("username", "password"))
        if not (email and password):
            return super().clean()
        with throttle_login(email):
            return super().clean()

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse an inactive user, and a missing or wrong code. Raises: RateLimited."""
        super().confirm_login_allowed(user)
        try:
            require_code(user, self.cleaned_data.get("code", ""))
        except SecondFactorRequired as exc:
            raise forms.ValidationError({"code": _("Enter the code that your app shows.")}) from exc
        except InvalidCredentials as exc:
            raise self.get_invalid_login_error() from exc


class OwnPasswordChangeForm(PasswordChangeForm):
    """Changes the user's own password."""

    def clean_old_password(self) -> str:
        """Verify the current password, throttled like a log-in. Raises: RateLimited."""
        with throttle_login(self.user.email):
            try:
                return super().clean_old_password()
            except forms.ValidationError:
                staff = self.user
                record("staff.password_refused", actor=actor_of(staff), target=target_of(staff))
                raise

    def clean(self) -> dict[str, Any]:
        """Refuse the current password as the new one: another person may have chosen it."""
        super().clean()
        old, new = (self.cleaned_data.get(name) for name in ("old_password", "new_password1"))
        if old and new and normalize_password(old) == normalize_password(new):
            self.add_error("new_password1", forms.ValidationError(_(SAME_PASSWORD), "same"))
        return self.cleaned_data

    def save(self, commit: bool = True) -> Any:
        """Save the password and record the change."""
        self.user.password_change_required = False
        with transaction.atomic():
            staff = super().save(commit)
            record("staff.password_changed", actor=actor_of(staff), target=target_of(staff))
        return staff


class SetStaffPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Sets the password of another staff user."""

    def save(self, commit: bool = True) -> Any:
        """Save the password as one that must be changed."""
        self.user.password_change_required = True
        return super().save(commit)


class _StaffFieldsForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_first_name(self) -> str:
        """Return the name in normal form C."""
        return self._clean_name("first_name")

    def clean_last_name(self) -> str:
        """Return the name in normal form C."""
        return self._clean_name("last_name")

    def _clean_name(self, name: str) -> str:
        if self.cleaned_data[name] == getattr(self.instance, name):
            return str(self.cleaned_data[name])  # it may be stored under an older rule
        try:
            return clean_staff_names(**{name: self.cleaned_data[name]})[name]
        except ValidationFailed as problem:
            errors = [forms.ValidationError(translated(f.detail), f.code) for f in problem.errors]
            raise forms.ValidationError(errors) from problem

    def clean_email(self) -> str:
        """Return the canonical address if no other staff user has it."""
        email = str(self.cleaned_data["email"])
        if StaffUser.objects.filter(email=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("A member of staff has this e-mail address."), "taken")
        return email


class NewStaffForm(_StaffFieldsForm, BaseUserCreationForm):  # type: ignore[type-arg]
    """Creates a staff user with an initial password."""

    class Meta:
        model = StaffUser
        fields = ("email", "first_name", "last_name")
        field_classes: ClassVar = {"email": EmailAddressFormField}

    def save(self, commit: bool = True) -> StaffUser:
        """Save the user with a password that must be changed."""
        self.instance.password_change_required = True
        staff: StaffUser = super().save(commit)
        return staff


class ChangeStaffForm(_StaffFieldsForm, UserChangeForm):  # type: ignore[type-arg]
    """Changes a staff user."""

    class Meta:
        model = StaffUser
        fields = "__all__"  # noqa: DJ007 - the admin shows the fieldsets that it declares
        field_classes: ClassVar = {"email": EmailAddressFormField}

    def clean(self) -> dict[str, Any] | None:
        """Refuse to deactivate or demote the last superuser."""
        cleaned = super().clean()
        values = {**vars(self.instance), **self.cleaned_data}
        keeps_right = values["is_active"] and values["is_superuser"]
        if not keeps_right and is_last_superuser(self.instance):
            raise forms.ValidationError(_("Somebody must remain who may do everything."))
        return cleaned


def is_last_superuser(staff: StaffUser) -> bool:
    """Tell whether this is the only active superuser."""
    able = StaffUser.objects.filter(is_active=True, is_superuser=True)
    return able.filter(pk=staff.pk).exists() and not able.exclude(pk=staff.pk).exists()
