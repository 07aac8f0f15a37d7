"""How many rows each statement gives or changes: what has a key touches as many, whatever else there is."""

from contextlib import closing, contextmanager

from django.db import connection


@contextmanager
def moved():
    """A list that fills with (statement, rows given or changed), in order."""
    found = []

    def count(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        rows = _given(sql, params) if sql.startswith("SELECT") else context["cursor"].rowcount
        if rows >= 0:  # else it is about a transaction
            found.append((sql, rows))
        return result

    with connection.execute_wrapper(count):
        yield found


def _given(sql, params):
    """Asked again, beside the wrapper."""
    with closing(connection.create_cursor()) as cursor:
        cursor.execute(sql, params)
        return len(cursor.fetchall())
