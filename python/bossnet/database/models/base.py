"""What every model shares: the database it is bound to, and short names of fields."""

from typing import Any

import peewee
from playhouse.postgres_ext import ArrayField, BinaryJSONField

from bossnet.config import Config
from bossnet.database.connection import connect, connect_reader

#: Bound by ``bind``; a query before that says that it is not.
database = peewee.DatabaseProxy()


class Database(peewee.PostgresqlDatabase):
    """The configured database, connected as everything else of this package connects."""

    def __init__(self, config: Config, *, read_only: bool) -> None:
        super().__init__(config.schema)
        self._config = config
        self._read_only = read_only

    def _connect(self) -> Any:
        return (connect_reader if self._read_only else connect)(self._config)


def bind(config: Config, *, read_only: bool = True) -> Database:
    """Let the models speak to this database, by default as the role that cannot write."""
    bound = Database(config, read_only=read_only)
    database.initialize(bound)
    return bound


class Model(peewee.Model):
    """A table of the schema."""

    class Meta:
        database = database


def key(meaning: str) -> peewee.BigAutoField:
    """The primary key."""
    return peewee.BigAutoField(help_text=meaning)


def link(model: Any, meaning: str) -> peewee.ForeignKeyField:
    """A reference by ``NAME_pk``, which is also the attribute that holds the bare key."""
    return _Link(model, meaning)


def big(meaning: str) -> peewee.BigIntegerField:
    """bigint."""
    return peewee.BigIntegerField(null=True, help_text=meaning)


def integer(meaning: str) -> peewee.IntegerField:
    """integer."""
    return peewee.IntegerField(null=True, help_text=meaning)


def real(meaning: str) -> peewee.FloatField:
    """real, which is float32."""
    return peewee.FloatField(null=True, help_text=meaning)


def double(meaning: str) -> peewee.DoubleField:
    """double precision."""
    return peewee.DoubleField(null=True, help_text=meaning)


def text(meaning: str, *, column: str | None = None) -> peewee.TextField:
    """text; the column is named like the field where nothing else is said."""
    return peewee.TextField(null=True, help_text=meaning, column_name=column)


def boolean(meaning: str) -> peewee.BooleanField:
    """boolean."""
    return peewee.BooleanField(null=True, help_text=meaning)


def timestamp(meaning: str) -> peewee.DateTimeField:
    """timestamp."""
    return peewee.DateTimeField(null=True, help_text=meaning)


def texts(meaning: str) -> ArrayField:
    """text[]."""
    return ArrayField(peewee.TextField, null=True, help_text=meaning)


def json(meaning: str) -> BinaryJSONField:
    """jsonb."""
    return BinaryJSONField(null=True, help_text=meaning)


class _Link(peewee.ForeignKeyField):
    """A foreign key whose column and bare value are both NAME_pk."""

    def __init__(self, model: Any, meaning: str) -> None:
        super().__init__(model, null=True, backref="+", help_text=meaning)

    def bind(self, model: Any, name: str, set_attribute: bool = True) -> None:
        self.column_name = self.object_id_name = f"{name}_pk"
        super().bind(model, name, set_attribute)
