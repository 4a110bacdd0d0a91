"""Pages with scripts of others that write HTML: Django's admin (jQuery) and Swagger UI.

They may do what Trusted Types forbid to scripts of ours (aggios/settings/security.py). All scripts
still come from the page's own origin.
"""

from csp.decorators import csp_replace

with_foreign_scripts = csp_replace({"require-trusted-types-for": None, "trusted-types": None})
