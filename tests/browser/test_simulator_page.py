"""The simulator's page in Chromium: during a migration, with its buttons, on a phone, and with hostile words."""

from __future__ import annotations

import json
from threading import Thread

import pytest
from attrs import evolve
from migration.simulators import served
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_deskie.simulator import create

pytestmark = pytest.mark.slow
SCRIPT = "<img src=x onerror=\"document.title='taken over'\">"


def text(browser, name):
    return browser.find_element(By.ID, name).text


def until(browser, seen):
    WebDriverWait(browser, 60, poll_frequency=0.1).until(lambda _: seen())


def press(browser, form):
    browser.find_element(By.CSS_SELECTOR, f"#{form} button").click()


def opened(browser, url):
    browser.get(f"{url}/_sim/")
    until(browser, lambda: text(browser, "facts"))


def number(browser, name):
    return int(text(browser, name).split()[0] or 0)


def test_a_migration_is_seen_while_it_runs_and_reaches_no_customer(browser, picture, tmp_path):
    with served("local", 30) as old, served("desk365", 0) as new:
        opened(browser, new.url)
        assert "No tickets" in text(browser, "tickets-count")
        ended = []

        def run():
            with Migration(old.desk, new.desk, tmp_path / "journal", options=Options(yes=True)) as migration:
                ended.append(migration.migrate())

        running = Thread(target=run)
        running.start()
        until(browser, lambda: number(browser, "requests-count") > 0)
        seen = number(browser, "requests-count")
        until(browser, lambda: number(browser, "requests-count") > seen)
        until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#tickets button"))
        browser.find_element(By.CSS_SELECTOR, "#tickets button").click()
        until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#thread article"))
        browser.execute_script("scrollTo(0, 0)")
        picture("simulator-page")
        running.join()
        until(browser, lambda: number(browser, "requests-count") == new.simulator.requests.total)
        assert ended[0].exit_code == 0
        assert "0 of them to customers" in text(browser, "outbox-count")


def test_the_buttons_arm_faults_move_the_clock_and_start_over(browser):
    with served("deskie", 12) as new:
        opened(browser, new.url)
        Select(browser.find_element(By.ID, "kind")).select_by_value("server_error")
        browser.find_element(By.ID, "on").send_keys("tickets.list")
        press(browser, "inject")
        until(browser, lambda: "Armed" in text(browser, "said"))
        (fault,) = new.simulator.faults.describe()
        assert (fault["kind"], fault["on"]) == ("server_error", "tickets.list")
        browser.find_element(By.ID, "end-faults").click()
        until(browser, lambda: not new.simulator.faults.describe())
        before = new.simulator.clock.elapsed()
        press(browser, "clock")
        until(browser, lambda: "It is" in text(browser, "said"))
        assert new.simulator.clock.elapsed() - before >= 3600
        browser.find_element(By.ID, "count").send_keys("3")
        browser.find_element(By.ID, "seed").send_keys("9")
        press(browser, "reset")
        until(browser, lambda: "Started over" in text(browser, "said"))
        assert new.simulator.dataset == generate(3, 9)
        until(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "#tickets tr")) == 3)


def test_what_cannot_be_armed_is_said(browser):
    with served("deskie", 0) as new:
        opened(browser, new.url)
        browser.find_element(By.ID, "on").send_keys("no.such.operation")
        press(browser, "inject")
        until(browser, lambda: "no.such.operation" in text(browser, "said"))
        assert not new.simulator.faults.describe()


def test_words_of_customers_are_words_and_nothing_leaves_the_machine(browser):
    data = generate(3)
    tickets = tuple(evolve(one, subject=SCRIPT) for one in data.tickets)
    for kind in ("performance", "browser"):
        browser.get_log(kind)  # a log is read once: what earlier tests left is gone
    with served("deskie", evolve(data, tickets=tickets)) as new:
        opened(browser, new.url)
        until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#tickets button"))
        assert browser.find_element(By.CSS_SELECTOR, "#tickets button").text == SCRIPT
        assert browser.title == "Simulator of deskie"
        assert not browser.find_elements(By.CSS_SELECTOR, "#tickets img")
        told = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        asked = [one["params"]["request"]["url"] for one in told if one["method"] == "Network.requestWillBeSent"]
        assert asked
        assert all(url.startswith(new.url) for url in asked)
        assert [entry for entry in browser.get_log("browser") if new.url in entry["message"]] == []


def test_it_fits_a_phone(browser, picture):
    with served("deskie", 12) as new:
        browser.set_window_size(500, 900)
        try:
            browser.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True},
            )
            opened(browser, new.url)
            until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#tickets button"))
            picture("simulator-page-phone")
            assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
        finally:
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            browser.set_window_size(1200, 1000)


def test_everything_that_acts_has_a_name_and_is_reached_by_the_keyboard(browser):
    with served("deskie", 3) as new:
        opened(browser, new.url)
        until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#tickets button"))
        acting = browser.find_elements(By.CSS_SELECTOR, "input, select, button")
        assert acting
        for element in acting:
            assert element.accessible_name, element.get_attribute("outerHTML")
            assert element.get_attribute("tabindex") != "-1"


def test_a_simulator_with_a_token_shows_its_tickets_to_whoever_has_it(browser):
    token = "0123456789abcdef0123"
    app = create(generate(3))
    with SimulatorServer(app, token=token) as server:
        browser.get(f"{server.url}/_sim/#token={token}")
        until(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "#tickets tr")) == 3)
        with open_desk(vendor="deskie", **app.connection, base_url=server.url) as desk:
            desk.tickets.list(resolve=False).first()
        # In real time: the window of a minute is there long enough to be looked at.
        until(browser, lambda: "The account: " in text(browser, "budgets"))
        assert "documented: Deskie API" in text(browser, "budgets")
