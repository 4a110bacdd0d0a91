"""What is kept of a person's files, as rows of their export; the bytes are downloaded as ever."""

from collections.abc import Iterator

from accounts.models import User
from accounts.people.personal_data import Row, fields_of, rows_of
from files.models import File

FILE = "id name size created_at updated_at deleted_at"


def files(person: User) -> Iterator[Row]:
    """Give the person's files, those in the trash too."""
    for file in rows_of(File.objects.select_related("current").filter(owner=person)):
        current = fields_of(file.current, "content_type sha256")
        yield {**fields_of(file, FILE), **current, "version": file.current.number}
