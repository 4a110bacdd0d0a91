"""Every page, as tests and screenshots open it. A page without a row fails the suite.

A new page needs a row in the module of tests/support/pages/rows that has its neighbours. Its path
may have placeholders: names of functions in ``MAKERS`` (tests/support/pages/page_objects.py).
tests/browser/test_every_page.py and tests/pages/test_hostile_*.py open each row, and so does
scripts/screenshots.sh.
"""

from tests.support.pages.rows.files import FILES, LINKS
from tests.support.pages.rows.people import OWN, PEOPLE
from tests.support.pages.rows.settings import SETTINGS
from tests.support.pages.rows.sign_in import SIGN_IN
from tests.support.pages.rows.site import ADMIN, APEX, DASH

# Routes of small files and redirects for programs, on several hosts (pages/site/well_known.py).
FILES_FOR_PROGRAMS = {
    "audit-export",
    "change-password",
    "favicon",
    "logo",
    "robots",
    "security-txt",
    "sitemap",
    "theme",
}
PAGES = [*APEX, *DASH, *SIGN_IN, *SETTINGS, *FILES, *LINKS, *OWN, *PEOPLE, *ADMIN]
