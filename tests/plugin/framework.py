"""What the survey's framework does around a task: its decorator, and how it reads annotations."""

import inspect
import time
from functools import wraps


def task(function):
    """Runs a task, and writes what it yields by the batch, columns as the first of it has them."""
    @wraps(function)
    def run(*arguments, batch_size=7, **options):
        results, overhead, last = [], 0.0, time.time()
        for result in function(*arguments, **options):
            if result is ...:
                overhead += time.time() - last
            else:
                if result.t_elapsed is None:
                    result.t_elapsed = time.time() - last
                results.append(result)
            if len(results) == batch_size:
                yield from _written(results)
                results = []
            last = time.time()
        yield from _written(results)
        assert overhead > 0

    return run


def _written(results):
    if results:
        model = type(results[0])
        columns = results[0].__data__.keys()
        assert all(result.__data__.keys() == columns for result in results)
        model.insert_many([result.__data__ for result in results]).execute()
    yield from results


def spectrum_models(task):
    """The models of spectra that a task takes."""
    annotation = inspect.signature(task).parameters["spectra"].annotation.__args__[0]
    return getattr(annotation, "__args__", (annotation,))


def result_model(task):
    """The model of results that a task gives."""
    return inspect.getfullargspec(task).annotations["return"].__args__[0]
