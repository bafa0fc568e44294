"""`astra init`: the schema at this version, and the roles."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bossnet.config import Config
from bossnet.database import roles, schema
from bossnet.database.connection import connect


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `astra init` did.

    Attributes:
        schema: name of the schema.
        version: number of its last migration.
        applied: migrations applied by this call; none if it was up to date.
        remarks: what could not be done, and why.
        administrator_sql: what an administrator has to execute; empty if nothing.
    """

    schema: str
    version: int
    applied: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    administrator_sql: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def initialise(config: Config) -> Initialised:
    """Make or upgrade schema, tables, views and roles; safe to repeat.

    Raises:
        DatabaseError: no connection, or the schema cannot be made.
    """
    connection = connect(config, application="astra init")
    try:
        applied = schema.upgrade(connection, config.schema)
        settled = roles.settle(connection, config.schema)
    finally:
        connection.close()
    return Initialised(config.schema, len(schema.migrations()), applied, settled.remarks,
                       settled.sql)


def script(config: Config) -> str:
    """Everything that `astra init` does to an empty database, as SQL for ``psql``."""
    return schema.script(config.schema) + "\n" + roles.script(config.schema)
