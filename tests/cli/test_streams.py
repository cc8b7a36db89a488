"""The command's streams as shells give them: full, broken and closed ones, and libraries that are not installed."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from helpdesk_bridge.cli import EXTRAS

COMMAND = [sys.executable, "-m", "helpdesk_bridge.cli"]
PRINTS = [["desks"], ["--help"], ["tickets", "list", "x", "--json"]]
FULL = Path("/dev/full")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "helpdesk.toml").write_text('[desks.x]\nvendor = "local"\npath = "x.db"\n')
    return tmp_path


def ended(folder, words, **streams):
    environment = {name: one for name, one in os.environ.items() if name != "HELPDESK_BRIDGE_CONFIG"}
    done = subprocess.run([*COMMAND, *words], cwd=folder, env=environment, check=False, **{"stderr": subprocess.PIPE, **streams})  # fmt: skip
    return done.returncode, (done.stderr or b"").decode()


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("words", PRINTS, ids=" ".join)
def test_a_full_disk_is_one_plain_line(folder, words):
    with FULL.open("wb") as full:
        code, said = ended(folder, words, stdout=full)
    assert said == "helpdesk-bridge: the output cannot be written: No space left on device\n"
    assert code == 1


@pytest.mark.parametrize("words", [["capabilities", "--json"], ["desks"]], ids=" ".join)
def test_a_pipe_that_its_reader_has_closed_is_one_plain_line(folder, words):
    read, write = os.pipe()
    os.close(read)
    try:
        code, said = ended(folder, words, stdout=write)
    finally:
        os.close(write)
    assert said == "helpdesk-bridge: the output was closed before its end\n"
    assert code == 1


@pytest.mark.slow
def test_an_output_that_was_closed_before_is_one_plain_line_and_no_database_gets_its_number(folder):
    code, said = ended(folder, ["desks"], preexec_fn=lambda: os.close(1))
    assert (code, said) == (1, "helpdesk-bridge: the output cannot be written: it is closed\n")
    code, said = ended(folder, ["tickets", "create", "x", "--subject", "s", "--body", "b", "--requester", "a@b.example"], preexec_fn=lambda: os.closerange(0, 3))  # fmt: skip
    assert code == 1
    assert subprocess.run([*COMMAND, "tickets", "list", "x"], cwd=folder, capture_output=True, check=True).stdout.count(b"\ts\n") == 1  # fmt: skip


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize(("words", "code"), [(["desks"], 0), (["nonsense"], 2), (["check", "y"], 4)])
def test_errors_that_nobody_can_read_change_no_exit_code(folder, words, code):
    with FULL.open("wb") as full:
        assert ended(folder, words, stderr=full, stdout=subprocess.DEVNULL)[0] == code
    assert ended(folder, words, stdout=subprocess.DEVNULL, stderr=None, preexec_fn=lambda: os.close(2))[0] == code


WITHOUT = "import sys\nsys.modules[sys.argv.pop(1)] = None\nfrom helpdesk_bridge.cli import main\nmain()"


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("click", ["desks"]),
        ("werkzeug", ["simulate", "deskie"]),
        ("werkzeug", ["serve", "x"]),
        ("sqlalchemy", ["migrate", "status", "--journal", "j"]),
    ],
)
def test_a_library_that_is_not_installed_is_one_plain_line(folder, library, words):
    done = subprocess.run([sys.executable, "-c", WITHOUT, library, *words], cwd=folder, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stderr == f"helpdesk-bridge: {library} is not installed; install this package's extra cli\n"
    assert (done.returncode, done.stdout) == (2, "")


def test_every_library_of_an_extra_is_known_by_it():
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for library, extra in EXTRAS.items():
        assert any(one.startswith(library) for one in extras[extra]), library
