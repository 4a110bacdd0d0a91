"""E-mail server and delivery (accounts/email)."""

from datetime import timedelta

from aggios.settings.base import BASE_DOMAIN
from core import env

EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.integer("EMAIL_PORT", 587, least=1)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
# STARTTLS, or TLS from the first byte. Certificates are verified.
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", EMAIL_PORT == 465)
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", not EMAIL_USE_SSL)
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT_SECONDS", 10, least=1)
# Development: e-mails become files in this folder.
EMAIL_FOLDER = env.text("EMAIL_FOLDER", "")
EMAIL_BACKEND = (
    "accounts.email.transport.FolderBackend"
    if EMAIL_FOLDER
    else "django.core.mail.backends.smtp.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Aggios <no-reply@{BASE_DOMAIN}>")
# The mailer is notified of most e-mails; this sweep finds the others, and those to send again.
MAIL_SWEEP_SECONDS = env.integer("MAIL_SWEEP_SECONDS", 60, least=1)
# An e-mail whose mailer died while sending is sent again after this time.
MAIL_LEASE = timedelta(seconds=env.integer("MAIL_LEASE_SECONDS", 120, least=1))
MAIL_GIVE_UP_AFTER = timedelta(hours=env.integer("MAIL_GIVE_UP_HOURS", 72))
