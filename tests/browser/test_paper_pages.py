"""The report and the sample in Chromium: nothing is cut on a phone, whatever customers and vendors wrote."""

from __future__ import annotations

import pytest
from migration.simulators import served
from selenium.webdriver.common.by import By

from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.report.files import write_page
from helpdesk_bridge.migration.report.report import write_report
from helpdesk_bridge.migration.report.side_by_side import FILE_NAME, SideBySide, render

pytestmark = pytest.mark.slow
WIDTH = 360
CUT = """
const cut = [];
for (const one of document.querySelectorAll("main *")) {
  const box = one.getBoundingClientRect();
  if (box.width && (box.right > innerWidth + 1 || box.left < -1)) cut.push(one.outerHTML.slice(0, 120));
  if (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible") cut.push("scrolls: " + one.outerHTML.slice(0, 120));
}
return cut;
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    with served("deskie", 60) as old, served("desk365", 0) as new:
        with Migration(old.desk, new.desk, folder / "move.db", options=Options(yes=True)) as migration:
            choice = migration.choose_sample(12)
            differences = migration.run_sample(choice)
            sides = SideBySide(migration.source, migration.destination, migration.journal, migration.outages)
            pairs = list(sides.pairs(choice, differences))
            labels = {"source": migration.source.label, "destination": migration.destination.label}
            page = render(pairs, labels, kept="They stay.", written=migration.destination.clock.wall())
            write_page(page, folder, FILE_NAME)
            plan = migration.plan()
            migration.run()
            migration.verify()
            write_report(migration, folder, plan=plan)
    return folder


@pytest.mark.parametrize("name", ["report.html", FILE_NAME])
def test_nothing_is_cut_on_a_phone(browser, picture, pages, name):
    metrics = {"width": WIDTH, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    try:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get((pages / name).as_uri())
        picture(f"{name.partition('.')[0]}-phone")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= WIDTH
        assert browser.execute_script(CUT) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_both_sides_of_a_ticket_stand_beside_each_other_on_a_screen(browser, picture, pages):
    browser.get((pages / FILE_NAME).as_uri())
    picture("sample-page")
    row = browser.find_element(By.CSS_SELECTOR, "article tbody tr")
    before, after = row.find_elements(By.TAG_NAME, "td")
    assert abs(before.rect["y"] - after.rect["y"]) < 1
    assert after.rect["x"] >= before.rect["x"] + before.rect["width"] - 1
    assert browser.get_log("browser") == []
