"""The subfolders of a folder, found by jumps in the index of names.

Grouping all names below a folder would read each of them. Here each subfolder costs one look-up,
which jumps behind the one before it, and only the files that are directly in the folder are passed.
"""

from dataclasses import dataclass

from django.db import connection

from accounts.models import User
from files.folders.paths import AFTER_SLASH, end_of
from files.queries import owner_filter

# Files are counted up to here; a folder with more shows that it has more.
COUNT_LIMIT = 300
# ``range`` limits the names to those after (or before) the subfolder of the last step. The order of
# names is that of bytes.
STEP_SQL = """
    SELECT left(name, %(start)s + strpos(substr(name, %(start)s + 1), '/')) AS path
    FROM files_file
    WHERE deleted_at IS NULL AND (%(owner)s::uuid IS NULL OR owner_id = %(owner)s)
      AND {range} AND strpos(substr(name, %(start)s + 1), '/') > 0
    ORDER BY name {direction} LIMIT 1
"""
SUBFOLDERS_SQL = """
    WITH RECURSIVE step AS (
        (SELECT path, 1 AS number FROM ({first}) AS first)
        UNION ALL
        SELECT following.path, step.number + 1
        FROM step CROSS JOIN LATERAL ({next}) AS following
        WHERE step.number < %(limit)s
    )
    SELECT step.path, totals.count, totals.size
    FROM step CROSS JOIN LATERAL (
        SELECT count(*) AS count, coalesce(sum(size), 0)::bigint AS size
        FROM (
            SELECT size FROM files_file
            WHERE deleted_at IS NULL AND (%(owner)s::uuid IS NULL OR owner_id = %(owner)s)
              AND name > step.path AND name < left(step.path, -1) || '{slash}'
            LIMIT %(count)s + 1
        ) AS counted
    ) AS totals
    ORDER BY step.number
"""


@dataclass(frozen=True, slots=True)
class Subfolder:
    """A folder in a folder. ``files`` and ``size`` are of all files in it, at any depth.

    With more than COUNT_LIMIT files ``has_more`` is True, and both are lower bounds.
    """

    path: str
    name: str
    files: int
    size: int
    has_more: bool


def find_subfolders(
    user: User, folder: str, *, after: str = "", descending: bool = False, limit: int
) -> list[Subfolder]:
    """Return up to ``limit`` subfolders by name, in one query; ``after`` is the last known one."""
    sql = _subfolders_sql(folder, after, descending)
    values = {
        "owner": owner_filter(user),
        "start": len(folder),
        "folder": folder,
        "end": end_of(folder) if folder else "",
        "after": after,
        "behind": end_of(after) if after else "",
        "limit": limit,
        "count": COUNT_LIMIT,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    return [_subfolder(folder, *row) for row in rows]


def _subfolders_sql(folder: str, after: str, descending: bool) -> str:
    """Return the query. Each step is limited to the rest of the folder."""
    rest = ["name > %(folder)s"]
    if folder:
        rest.append("name < %(end)s")
    if descending:
        begin, jump = "name < %(after)s", "name < step.path"
    else:
        begin, jump = "name >= %(behind)s", f"name >= left(step.path, -1) || '{AFTER_SLASH}'"
    direction = "DESC" if descending else "ASC"
    first = " AND ".join([*rest, begin] if after else rest)
    following = " AND ".join([*rest, jump])
    return SUBFOLDERS_SQL.format(
        slash=AFTER_SLASH,
        first=STEP_SQL.format(range=first, direction=direction),
        next=STEP_SQL.format(range=following, direction=direction),
    )


def _subfolder(folder: str, path: str, count: int, size: int) -> Subfolder:
    name = path[len(folder) : -1]
    return Subfolder(path, name, min(count, COUNT_LIMIT), size, count > COUNT_LIMIT)
