"""`astra init`: the schema at this version, and the roles."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bossnet.config import Config
from bossnet.database import compatible, roles, schema, survey
from bossnet.database.connection import connect
from bossnet.database.survey import Shown


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `astra init` did.

    Attributes:
        schema: name of the schema.
        version: number of its last migration.
        applied: migrations applied by this call; none if it was up to date.
        remarks: what could not be done, and why.
        administrator_sql: what an administrator has to execute; empty if nothing.
        survey: the survey's own tables, where it is their spectra that are shown.
        compatible: views with the results in the shape of the survey's.
    """

    schema: str
    version: int
    applied: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    administrator_sql: str = ""
    survey: Shown | None = None
    compatible: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def initialise(config: Config) -> Initialised:
    """Make or upgrade schema, tables, views and roles; safe to repeat.

    Where another schema has a survey's own tables, views show its spectra instead.

    Raises:
        ConfigurationError: it is not clear which survey's tables are meant.
        DatabaseError: no connection, or the schema cannot be made.
    """
    connection = connect(config, application="astra init")
    try:
        schema.make(connection, config.schema)
        # Before the migrations, which make the tables that are not there.
        shown = survey.show(connection, config.schema, config.survey_schema)
        applied = schema.upgrade(connection, config.schema)
        views = compatible.show_results(connection, config.schema, shown) if shown else []
        settled = roles.settle(connection, config.schema)
    finally:
        connection.close()
    remarks = (shown.remarks if shown else []) + settled.remarks
    return Initialised(config.schema, len(schema.migrations()), applied, remarks, settled.sql,
                       shown, views)


def script(config: Config) -> str:
    """Everything that `astra init` does to an empty database, as SQL for ``psql``."""
    return schema.script(config.schema) + "\n" + roles.script(config.schema)
