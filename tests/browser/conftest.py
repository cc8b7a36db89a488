"""A real browser, of Debian's packages chromium and chromium-driver."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if not all(programs):
        pytest.skip("install chromium and chromium-driver to test pages in a browser")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    profile = tmp_path_factory.mktemp("profile")
    for option in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", f"user-data-dir={profile}"):
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(programs[1]))
    driver.set_window_size(1200, 1000)
    yield driver
    driver.quit()


@pytest.fixture
def picture(browser):
    """Keep what the browser shows, in the folder that HELPDESK_BRIDGE_SCREENSHOTS names, for the documentation."""

    def keep(name):
        if folder := os.environ.get("HELPDESK_BRIDGE_SCREENSHOTS"):
            browser.save_screenshot(str(Path(folder) / f"{name}.png"))

    return keep
