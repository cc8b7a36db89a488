"""Self-contained pages: one HTML file of a package, and a policy under which a browser runs and asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files


@cache
def self_contained(package: str, name: str = "index.html") -> tuple[bytes, dict[str, str]]:
    """Return the page with the headers to serve it with.

    Nothing runs but the page's one script and one style, and nothing is asked but its own server.
    """
    page = files(package).joinpath(name).read_text("utf-8")
    digests = {tag: _digest(page.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]) for tag in ("script", "style")}
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src data:; script-src '{digests['script']}'; style-src '{digests['style']}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page.encode(), {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy, **NOT_KEPT}


NOT_KEPT = {"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""Headers of whatever such a page asks for."""


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
