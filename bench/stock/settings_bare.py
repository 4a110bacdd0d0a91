"""The upper bound: Django and one view that returns the same JSON; no database, no middleware."""

SECRET_KEY = "nothing is signed here"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS: list[str] = []
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench.stock.bare"
USE_TZ = True
