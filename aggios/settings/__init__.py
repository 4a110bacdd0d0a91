"""Settings of Aggios, for every environment, from environment variables (core/env.py).

``AGGIOS_ENVIRONMENT`` is ``production`` by default. In production the system checks of
aggios/checks.py refuse to start with values that only development may have.
"""

from aggios.settings.accounts import *
from aggios.settings.api import *
from aggios.settings.applications import *
from aggios.settings.base import *
from aggios.settings.database import *
from aggios.settings.email import *
from aggios.settings.security import *
from aggios.settings.storage import *
from aggios.settings.tenants import *
