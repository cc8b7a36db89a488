"""Whoever does not watch pays nothing, and whoever lacks the library is told its extra."""

import subprocess
import sys

WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
try:
    from helpdesk_bridge.telemetry import instrument
except ImportError as error:
    print(error)
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_a_desk_that_nobody_watches_imports_no_telemetry():
    code = "import sys, helpdesk_bridge as h; h.open_desk(vendor='deskie', account='a', staff_email='a@example.com', api_key='k').close(); print(*sys.modules)"
    assert not {name for name in run(code).split() if name.startswith(("opentelemetry", "helpdesk_bridge.telemetry"))}


def test_without_the_library_one_line_names_the_extra():
    assert run(WITHOUT) == "telemetry needs opentelemetry-api: install this package's extra otel\n"
