"""Pages looked at with Debian's Chromium, without a screen."""

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

CHROMIUM = "chromium"


@dataclass
class Looked:
    """A page that is open.

    Attributes:
        page: of playwright.
        complaints: errors and warnings of the console, and scripts' exceptions.
        requests: what it loads, beside itself.
    """

    page: object
    complaints: list = field(default_factory=list)
    requests: list = field(default_factory=list)


@contextmanager
def started():
    """Chromium; where there is none the test is skipped, or fails."""
    program = shutil.which(CHROMIUM)
    if program is None:
        complain = pytest.fail if os.environ.get("BOSSNET_REQUIRE_CHROMIUM") == "1" else pytest.skip
        complain(f"{CHROMIUM} is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def look_at(browser, path, *, width=1200, height=900, fragment=""):
    """A page in Chromium, once its figures are drawn."""
    url = path.resolve().as_uri()
    page = browser.new_page(viewport={"width": width, "height": height})
    looked = Looked(page)
    page.on("console", lambda message: looked.complaints.append(message.text)
            if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: looked.complaints.append(str(error)))
    page.on("request", lambda request: looked.requests.append(request.url)
            if request.url.partition("#")[0] != url else None)
    page.goto(url + fragment)
    page.wait_for_selector("html[data-drawn]", timeout=120_000, state="attached")
    return looked
