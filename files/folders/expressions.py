"""Folders of file names in SQL."""

from django.db.models import CharField, Func


class FolderOf(Func):
    """The folder of a name. Its text is constant, as the index ``files_in_folder`` needs it."""

    template = "regexp_replace(%(expressions)s, '[^/]*$', '')"
    output_field = CharField()
    arity = 1
