"""Runs tests that are to fail in a process of their own, and reads how they ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from attrs import frozen

ROOT = Path(__file__).parents[2]
TIMEOUT = 600


@frozen
class Ended:
    """How a test ended: passed, failed, error or skipped, and what it said."""

    how: str
    said: str


def run(folder: Path, *nodes: str, options: Sequence[str] = ()) -> Mapping[tuple[str, str], Ended]:
    """Run tests and return how each ended, by the names of its class and itself."""
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *options, *nodes]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert report.exists(), done.stdout + done.stderr
    # Written a moment ago by our own pytest.
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314
    ended: dict[tuple[str, str], Ended] = {}
    for case in cases:
        name, found = (case.get("classname", "").rpartition(".")[2], case.get("name", "")), _ended(case)
        # A test that failed and could not be cleaned up after is told twice.
        if name not in ended or found.how == "failed":
            ended[name] = found
    return ended


def _ended(case: ET.Element) -> Ended:
    for child in case:
        if child.tag in ("failure", "error", "skipped"):
            return Ended("failed" if child.tag == "failure" else child.tag, f"{child.get('message')} {child.text}")
    return Ended("passed", "")
