"""The standard streams of the command's process: output that is lost has an error of its own, closed ones are opened."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputLost(Exception):
    """Nobody can read what the command prints: the disk is full, the reader has gone, there is no output.

    No ``OSError``: click ends the process without a word where a pipe breaks.
    """

    exit_code = 1


class _Output(io.FileIO):
    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            why = "it is closed" if error.errno == errno.EBADF else error.strerror
            broken = isinstance(error, BrokenPipeError)
            said = "was closed before its end" if broken else f"cannot be written: {why}"
            raise OutputLost(f"the output {said}") from error


def ready() -> None:
    """Make the streams of a process ready, once, before anything is opened.

    A stream that was closed before the process began gives its number to the next file that is opened, a database
    perhaps. So it is opened here: what goes to stderr is dropped, what goes to stdout is lost.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_WRONLY if name == "stderr" else os.O_RDONLY)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - as long as we run
    before = sys.stdout
    if isinstance(before, io.TextIOWrapper):
        raw = _Output(before.fileno(), "w", closefd=False)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw), before.encoding, before.errors, line_buffering=before.line_buffering
        )


def drop(stream: TextIO) -> None:
    """Let what is still to be printed go nowhere: the interpreter flushes once more at its end, and must not fail there."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
