from __future__ import annotations

import subprocess
import sys

import pytest

import helpdesk_bridge.testing.simulator as package


def test_every_public_name_resolves():
    for name in package._HOME:
        assert getattr(package, name) is not None
    assert set(package._HOME) <= set(dir(package))
    with pytest.raises(AttributeError, match="nothing"):
        _ = package.nothing


def test_importing_the_package_imports_none_of_its_modules():
    code = (
        "import sys, helpdesk_bridge.testing.simulator;"
        "print([m for m in sys.modules if m.startswith(('werkzeug', 'responses', 'helpdesk_bridge.testing.simulator.'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
