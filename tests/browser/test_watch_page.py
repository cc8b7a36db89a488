"""The page of a migration in Chromium: during a run, on a phone, by keyboard, and of several at once."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from threading import Thread

import pytest
from migration.simulators import SCALES, served
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from helpdesk_bridge.cli.watching import watching
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.watch.server import WatchServer

pytestmark = pytest.mark.slow


def until(browser, seen):
    WebDriverWait(browser, 60, poll_frequency=0.1).until(lambda _: seen())


def body(browser):
    return browser.find_element(By.TAG_NAME, "body").text


def run(old, new, journal):
    with (
        watching(journal, "run") as watched,
        Migration(
            old.desk, new.desk, journal, options=Options(yes=True), progress=watched.progress, waits=watched.waits
        ) as migration,
    ):
        watched.begin(migration)
        migration.run()
        watched.code = migration.summary().exit_code


def test_a_run_is_seen_from_its_first_ticket_to_its_end(browser, picture, tmp_path, monkeypatch):
    monkeypatch.setitem(SCALES, "desk365", 1800.0)
    monkeypatch.chdir(tmp_path)
    journal = Path("move.db")
    with served("local", generate(90)) as old, served("desk365", 0) as new, WatchServer([journal]) as server:
        browser.get(server.url)
        until(browser, lambda: "does not exist yet" in body(browser))
        running = Thread(target=run, args=(old, new, journal))
        running.start()
        until(browser, lambda: "At work" in body(browser) and "tickets: " in body(browser))
        until(browser, lambda: "Ends about" in body(browser))
        until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "svg polyline"))
        until(browser, lambda: "tickets " in browser.title)
        until(browser, lambda: re.search("tickets: [1-9][0-9] of", body(browser)))
        picture("watch-page")
        bars = browser.find_elements(By.TAG_NAME, "progress")
        assert bars
        assert all(browser.find_element(By.ID, bar.get_attribute("aria-labelledby")).text for bar in bars)
        running.join()
        until(browser, lambda: "ended with 0" in body(browser))
        until(browser, lambda: "tickets: 90 of 90" in body(browser))
        assert "Ends about" not in body(browser)
        browser.set_window_size(360, 800)
        width = browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        browser.set_window_size(1200, 1000)
        assert width


def test_what_needs_a_person_comes_with_its_command(browser, tmp_path):
    journal = tmp_path / "it's & <b>.db"
    with served("deskie", 6) as old, served("desk365", 0) as new:
        with_thread = next(one for one in old.desk.tickets.list() if len(list(old.desk.messages.list(one))) > 1)
        path = f"GET /api/cases/{with_thread.id}/messages.json"
        with old.simulator.faults.inject("server_error", on=path, times=None, status=403):
            run(old, new, journal)
    with WatchServer([journal]) as server:
        browser.get(server.url)
        until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".wanted button"))
        command = browser.find_element(By.CSS_SELECTOR, ".wanted code").text
        assert shlex.split(command) == ["helpdesk-bridge", "migrate", "run", "--journal", str(journal)]
        assert "PermissionDenied" in body(browser)
        assert "ended with 3" in body(browser)
        assert not browser.find_elements(By.CSS_SELECTOR, "article b")
        for _ in range(3):  # by keyboard, past nothing that is not there
            browser.switch_to.active_element.send_keys(Keys.TAB)
            if browser.switch_to.active_element.tag_name == "button":
                break
        assert browser.switch_to.active_element.get_attribute("aria-label") == f"Copy the command {command}"


def test_several_migrations_are_side_by_side(browser, tmp_path):
    journals = [tmp_path / "a.db", tmp_path / "b.db"]
    with served("local", 3) as old, served("deskie", 0) as new:
        run(old, new, journals[0])
    with served("local", 3) as old, served("desk365", 0) as new:
        run(old, new, journals[1])
    with WatchServer(journals) as server:
        browser.get(server.url)
        until(browser, lambda: len(browser.find_elements(By.TAG_NAME, "article")) == 2)
        until(browser, lambda: body(browser).count("ended with 0") == 2)


def test_without_the_token_nothing_is_shown(browser, tmp_path):
    with WatchServer([tmp_path / "a.db"]) as server:
        browser.get("about:blank")
        browser.get(server.url.partition("#")[0] + "#token=wrong")
        until(browser, lambda: "open the address that the command printed" in body(browser))
        assert not browser.find_elements(By.TAG_NAME, "article")
