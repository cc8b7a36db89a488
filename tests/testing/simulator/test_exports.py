from __future__ import annotations

import subprocess
import sys


def test_importing_the_package_imports_none_of_its_modules():
    code = (
        "import sys, helpdesk_bridge.testing.simulator;"
        "print([m for m in sys.modules if m.startswith(('werkzeug', 'responses', 'helpdesk_bridge.testing.simulator.'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
