"""Databases as released versions left them: the file of a schema's number makes one."""

from pathlib import Path

import psycopg2

FOLDER = Path(__file__).parent
FIRST = 3  #: number of the last migration of the first released schema


def restore(url, number=FIRST):
    """Makes what a version left, in an empty database."""
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute((FOLDER / f"{number:04}.sql").read_text())
    finally:
        connection.close()
