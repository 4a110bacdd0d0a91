"""Sessions, log-in and messages, for the staff's Django admin and nowhere else."""

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.middleware.locale import LocaleMiddleware

from core.hosts import OnlyOnAdminHost


class AdminSession(OnlyOnAdminHost, SessionMiddleware):
    pass


class AdminAuthentication(OnlyOnAdminHost, AuthenticationMiddleware):
    pass


class AdminMessages(OnlyOnAdminHost, MessageMiddleware):
    pass


class AdminLocale(OnlyOnAdminHost, LocaleMiddleware):
    pass
