"""Static files under names with a digest of their content, so that browsers keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

# Our modules import by a relative path in double quotes, which is also how they name workers.
OWN_MODULES = "aggios/*.js"
IMPORT = (r"""(?P<matched>\bfrom "(?P<url>\./[^"]+)")""", """from "%(url)s\"""")
WORKER = (
    r"""(?P<matched>new URL\("(?P<url>\./[^"]+)", import\.meta\.url\))""",
    """new URL("%(url)s", import.meta.url)""",
)


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Compressed files with digests in their names, also in the imports of our modules.

    Without the digests in imports, browsers would ask for each imported module again after a
    minute, and could combine modules of two releases. Django's own
    ``support_js_module_import_aggregation`` reads every script, also minified ones of packages.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, (OWN_MODULES, (IMPORT, WORKER)))
