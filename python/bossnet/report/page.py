"""Sections made one HTML page that needs nothing from elsewhere; needs jinja2.

Whatever comes from a database is escaped. Should anything slip through all the same, the browser
runs no script but the page's own, whose digests the page names, and loads nothing.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from bossnet.report.elements import Section
from bossnet.report.summary import Verdict

_LIBRARY = "vendor/plotly-cartesian.min.js"
#: What HTML or JavaScript could take for something else within a script.
_UNSAFE = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def page(title: str, verdict: Verdict, made: dict[str, str], sections: Sequence[Section],
         commands: dict[str, str]) -> str:
    """The page.

    Args:
        title: its head.
        verdict: the first sentence.
        made: how it and the results were made, by name.
        sections: in order; the first is the summary.
        commands: ``plot`` and ``sql``, which show a spectrum when its key is put behind them.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    scripts = [_file(_LIBRARY), _file("web/page.js")]
    figures = {f.name: {"data": f.data, "layout": f.layout}
               for section in sections for f in section.figures}
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(_file("web/page.html.j2")).render(
        title=title, verdict=verdict, made=made, sections=sections, policy=_policy(scripts),
        css=Markup(_file("web/page.css")), figures=Markup(in_script(figures)),
        commands=Markup(in_script(commands)), scripts=[Markup(s) for s in scripts])


def in_script(values: Any) -> str:
    """JSON that can stand within a script element."""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE)


def _file(name: str) -> str:
    """A file of this package."""
    return files("bossnet.report").joinpath(name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> str:
    """What the browser may do: run these scripts, style the page, show images that are in it."""
    digests = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'"
        for s in scripts)
    return (f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; "
            "img-src data: blob:; base-uri 'none'; form-action 'none'")
