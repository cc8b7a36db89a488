"""Report files: pages and tables beside each other, readable by their owner alone, each whole or not there."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from helpdesk_bridge.migration.outcome import ExitCode, Interrupted, MigrationError
from helpdesk_bridge.private_files import make_private_folder

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class ReportNotWritable(MigrationError):
    """The report's folder cannot be written to; name another one. The migration itself is untouched."""

    exit_code = ExitCode.USAGE


def write_page(page: str, folder: Path, name: str) -> Path:
    """Write the page beside its place and move it there: readable by its owner alone, whole or not at all."""
    path = folder / name
    temporary: str | None = None
    try:
        make_private_folder(folder)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".report-", suffix=".html")
        encoding = "utf-8-sig" if name.endswith(".csv") else "utf-8"  # the mark by which Excel knows UTF-8
        with os.fdopen(handle, "w", encoding=encoding, newline="\n") as stream:
            stream.write(page)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
        if error.errno in _NO_ROOM:
            raise Interrupted(
                f"the report cannot be written ({error.strerror}); free some disk space and run: helpdesk-bridge migrate report"
            ) from None
        raise ReportNotWritable(
            f"the report cannot be written to {folder}: {error.strerror}; name another folder with --report"
        ) from None
    return path
