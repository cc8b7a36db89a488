"""The command line: groups imported on use; an error becomes one line and an exit code."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import click

from helpdesk_bridge import __version__
from helpdesk_bridge.cli import what_lacks
from helpdesk_bridge.cli.exit_codes import ExitCode, exit_code_of
from helpdesk_bridge.cli.streams import OutputLost, drop
from helpdesk_bridge.errors import ConfigError, HelpdeskError
from helpdesk_bridge.text.display import line

COMMANDS: Final = {
    "demo": ("demo", "Watch one helpdesk move into another, both simulated."),
    "simulate": ("simulate", "Serve a simulator of a vendor on this machine."),
    "init": ("init", "Write a helpdesk.toml, or one more desk into it."),
    "record": ("cassettes", "Keep a real account's answers, without secrets and persons."),
    "replay": ("cassettes", "Serve recorded answers on this machine."),
    "desks": ("desks", "List the desks of helpdesk.toml."),
    "trust": ("trust", "Consent to a helpdesk.toml that was found, as it is now."),
    "check": ("desks", "Try a desk's credentials and look at its account."),
    "capabilities": ("desks", "Tell what a desk or vendor can do."),
    "compare": ("compare", "Tell what one desk can do and another cannot."),
    "shadow": ("shadow", "Tell how two desks' answers compared."),
    "serve": ("serve", "Take a desk's webhooks."),
    "tickets": ("tickets", "List, show and write tickets."),
    "contacts": ("contacts", "List, find and show contacts."),
    "messages": ("messages", "List the messages of a ticket."),
    "export": ("export", "Write a desk's tickets into files."),
    "mcp": ("serve", "Give a language model tools for a desk."),
    "migrate": ("migrate", "Move a helpdesk into another."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported on use, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"helpdesk_bridge.cli.commands.{module}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="helpdesk-bridge")
@click.option("--config", type=click.Path(dir_okay=False), help="The configuration file (default: helpdesk.toml).")
@click.option("--debug", is_flag=True, help="Log every request to stderr: method, path, status, time; never bodies.")
@click.pass_context
def cli(ctx: click.Context, config: str | None, debug: bool) -> None:
    """Talk to helpdesks, move data between them, and simulate them."""
    ctx.obj = {"config": config}
    if debug:
        logging.basicConfig(level=logging.DEBUG, handlers=[_Told("%(name)s %(message)s")])
        for noisy in ("urllib3", "werkzeug"):
            logging.getLogger(noisy).setLevel(logging.WARNING)


def run(arguments: Sequence[str]) -> int:
    """Run the command with ``arguments`` and return its exit code; errors are one line on stderr."""
    warnings.showwarning = _show_warning
    _ready_streams()
    _tell_what_is_logged()
    try:
        result: Any = cli.main(list(arguments), prog_name="helpdesk-bridge", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        return ExitCode.SECOND_SIGNAL
    except KeyboardInterrupt:
        return ExitCode.SECOND_SIGNAL
    except click.ClickException as error:
        said = io.StringIO()
        error.show(file=said)  # it quotes what was typed, and values of files
        from helpdesk_bridge.cli.output import say

        say(said.getvalue().rstrip("\n"), lines=True)
        return ExitCode.USAGE
    except (ConfigError, HelpdeskError) as error:
        return _tell(error)
    except ModuleNotFoundError as error:
        return _lacking(error)
    except Exception as error:  # noqa: BLE001 - the last line of defence: one line and an exit code
        if isinstance(error, OutputLost):
            drop(sys.stdout)
        if not isinstance(getattr(error, "exit_code", None), int):
            return _unexpected(error)
        return _tell(error)
    return result if isinstance(result, int) else 0


def _lacking(error: ModuleNotFoundError) -> int:
    lacking = what_lacks(error)
    if lacking is None:
        return _unexpected(error)
    _say(lacking)
    return ExitCode.USAGE


def _say(text: str) -> None:
    from helpdesk_bridge.cli.output import say

    say(f"helpdesk-bridge: {text}")


class _Told(logging.Handler):
    """Tells on stderr what the library logs, a line each: it names files and desks of a configuration."""

    def __init__(self, form: str, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.setFormatter(logging.Formatter(form))

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        try:
            click.echo(line(self.format(record)), err=True)
        except Exception:  # noqa: BLE001 - a handler never ends the program, as logging's own do not
            self.handleError(record)


def _tell_what_is_logged() -> None:
    # Without a handler Python prints warnings as they are.
    logger = logging.getLogger("helpdesk_bridge")
    if not logger.hasHandlers():
        logger.addHandler(_Told("%(message)s", logging.WARNING))


def _ready_streams() -> None:
    """Let no character end the command: what the terminal, pipe or file cannot show is written as its escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _tell(error: Exception) -> int:
    _say(" ".join(str(error).split()))
    return exit_code_of(error)


def _unexpected(error: Exception) -> int:
    # The text of an unknown exception may hold a customer's words; its type and place cannot.
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"  # noqa: PTH119
    _say(f"unexpected {type(error).__name__} at {place}; please report this")
    return ExitCode.FAILED


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, UserWarning):
        _say(f"warning: {message}")
