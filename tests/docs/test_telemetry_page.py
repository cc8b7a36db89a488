"""The page of logs, spans and metrics tells what the code has."""

import logging
import re

from docs_pages import ROOT

from docs import log_lines
from helpdesk_bridge.telemetry import names

PAGE = (ROOT / "docs" / "reference" / "telemetry.md").read_text("utf-8")
RESERVED = {*vars(logging.makeLogRecord({})), "message", "asctime"}


def told(title):
    body = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", body, re.MULTILINE)
    return {cell for row in rows for cell in re.findall(r"`([^`]+)`", row)}


def test_every_log_line_has_an_event_and_fields_that_a_record_can_take():
    found = log_lines.lines()
    assert len(found) > 25
    assert not [one.place for one in found if one.event is None]
    assert not [one.place for one in found if RESERVED & {"event", *one.fields}]
    kinds = {}
    for one in found:
        assert kinds.setdefault(one.event, (one.logger, one.fields)) == (one.logger, one.fields), one.place


def test_the_table_of_log_lines_is_what_the_code_says():
    assert log_lines.renewed(PAGE) == PAGE, "run python tests/docs/log_lines.py"


def test_every_attribute_and_every_metric_is_told():
    spans = {one if "." in one else f"helpdesk.{one}" for one in told("Spans") - {"attribute"}}
    assert spans == names.SPAN_ATTRIBUTES - {names.WAIT_REASON}
    assert told("Metrics") - {"metric"} == names.METRICS
