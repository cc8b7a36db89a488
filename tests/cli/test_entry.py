"""The ways to start the command: as a module, and by a shell that completes a line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from helpdesk_bridge import __version__
from helpdesk_bridge.cli.app import COMMANDS, run


@pytest.mark.parametrize("module", ["helpdesk_bridge", "helpdesk_bridge.cli"])
def test_python_dash_m_is_the_command_with_its_exit_codes(module):
    def started(*words):
        return subprocess.run([sys.executable, "-m", module, *words], capture_output=True, text=True, check=False)

    assert started("--version").stdout == f"helpdesk-bridge, version {__version__}\n"
    refused = started("nosuch")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "helpdesk-bridge" in refused.stderr
    assert "__main__" not in refused.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell, monkeypatch, capsys):
    monkeypatch.setenv("_HELPDESK_BRIDGE_COMPLETE", f"{shell}_source")
    with pytest.raises(SystemExit) as ended:
        run([])
    assert ended.value.code == 0
    assert "helpdesk_bridge_completion" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("helpdesk-bridge ", set(COMMANDS)),
        ("helpdesk-bridge mig", {"migrate"}),
        ("helpdesk-bridge migrate pl", {"plan"}),
        ("helpdesk-bridge migrate verify --l", {"--level"}),
        ("helpdesk-bridge migrate verify --level f", {"full"}),
    ],
)
def test_commands_options_and_fixed_values_are_completed(line, offered, monkeypatch, capsys):
    monkeypatch.setenv("_HELPDESK_BRIDGE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    with pytest.raises(SystemExit) as ended:
        run([])
    assert ended.value.code == 0
    assert {answer.removeprefix("plain,") for answer in capsys.readouterr().out.split()} == offered
