"""Checks interactive messages; documented: Desk360 API, "Send WhatsApp Interactive Message", for every limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from helpdesk_bridge_desk360.simulator.refusals import invalid

if TYPE_CHECKING:
    from helpdesk_bridge_desk360.simulator.parameters import Fields

BODY_MOST: Final = 1024
_BUTTONS_MOST: Final = 10
_ID_MOST: Final = 200
_TITLE_MOST: Final = 20
_SHORT_MOST: Final = 60
_LINKED: Final = ("image", "video", "document")


def check_interactive(request: Fields) -> None:
    """Raise a ``Problem`` unless header, body, footer and buttons are in order.

    assumed: that body and buttons are required, and at least one button; the table's stars are lost.
    """
    request.text("body", most=BODY_MOST)
    _check_buttons(request)
    if request.values.get("header") is not None:
        header = request.object("header")
        _check_header(header)
    if request.values.get("footer") is not None:
        request.object("footer").text("text", most=_SHORT_MOST)


def _check_header(header: Fields) -> None:
    kind = header.one_of("type", ("text", *_LINKED))
    if kind == "text":
        header.text("text", most=_SHORT_MOST)
        return
    linked = header.object(kind)
    if not linked.text("link").startswith(("https://", "http://")):
        raise linked.wrong("link", "must be a valid URL")
    linked.optional_text("filename")


def _check_buttons(request: Fields) -> None:
    ids: set[str] = set()
    titles: set[str] = set()
    for button in request.objects("buttons", most=_BUTTONS_MOST):
        for name, most, seen in (("id", _ID_MOST, ids), ("title", _TITLE_MOST, titles)):
            value = button.text(name, most=most)
            if value in seen:
                raise invalid(f"The {button.at(name)} field has a duplicate value.")
            seen.add(value)
