"""The networks as tasks of the survey's framework, Astra.

    astra run bossnet.plugin.boss_net                          # 0.8
    astra execute bossnet.plugin.boss_net BossVisitSpectrum    # 0.6

``boss_net`` and ``apogee_net`` are made of Astra's models, and marked by its decorator, when they
are first asked for; so this package is imported without Astra, and without torch. `task_for` makes
the same of any module of models.
"""

from importlib import import_module
from typing import Any

from bossnet.errors import ConfigurationError
from bossnet.network import NETWORKS

FRAMEWORK = "astra"  #: its package; ``task`` of it marks tasks, ``models`` of it has the models

_TABLES = [network.table for network in NETWORKS.values()]  # by which the tasks are called

__all__ = ["task_for"]


def __getattr__(name: str) -> Any:
    if name == "task_for":
        from bossnet.plugin.tasks import task_for

        return task_for
    if name not in _TABLES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; tasks are "
                             f"{', '.join(_TABLES)}")
    try:
        framework, models = import_module(FRAMEWORK), import_module(f"{FRAMEWORK}.models")
    except ImportError as e:
        raise ConfigurationError(f"{__name__}.{name} is a task of Astra, which is not installed "
                                 f"here: {e}") from e
    from bossnet.plugin.tasks import task_for

    globals()[name] = task_for(name, models, decorate=framework.task)
    return globals()[name]


def __dir__() -> list[str]:
    return [*globals(), "task_for", *_TABLES]
