"""Importing the package loads nothing; what it loads is asked of the interpreter, not timed."""

import subprocess
import sys


def modules_after(statement):
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(out.split())


def test_importing_the_package_imports_only_what_resolves_its_names_and_no_dependency():
    loaded = modules_after("import helpdesk_bridge")
    ours = {name for name in loaded if name.startswith("helpdesk_bridge")}
    assert ours == {"helpdesk_bridge", "helpdesk_bridge.lazy"}
    assert not loaded & {"requests", "attrs", "attr", "cattrs", "sqlite3", "typing"}


def test_the_model_and_the_policies_of_a_vendor_need_no_http():
    loaded = modules_after("from helpdesk_bridge import Ticket, TicketQuery; import helpdesk_bridge.ratelimit")
    assert not loaded & {"requests", "cattrs", "phonenumbers", "inscriptis"}


def test_help_imports_no_command_group():
    loaded = modules_after("from helpdesk_bridge.cli.app import run; run(['--help'])")
    commands = {name for name in loaded if name.startswith("helpdesk_bridge.cli.")}
    # The streams are made ready before anything is opened, and import nothing but the standard library.
    assert commands == {f"helpdesk_bridge.cli.{name}" for name in ("app", "exit_codes", "streams")}
    assert not loaded & {"rich", "sqlalchemy", "werkzeug", "requests", "attrs"}
