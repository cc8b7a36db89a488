"""Deskie's text search: inclusion by default, `^` for exact, prefix and suffix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from helpdesk_bridge_deskie.simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge_deskie.simulator.parameters import Params


@frozen
class Needle:
    """The text of a search. documented: Deskie API, "To search for an exact string …, use the symbol ^"."""

    text: str
    from_start: bool
    to_end: bool
    case_sensitive: bool

    @property
    def exact(self) -> bool:
        """Tell whether the whole text must equal."""
        return self.from_start and self.to_end

    def found_in(self, text: str) -> bool:
        """Tell whether a text matches."""
        hay = text if self.case_sensitive else text.casefold()
        if self.exact:
            return hay == self.text
        if self.from_start:
            return hay.startswith(self.text)
        if self.to_end:
            return hay.endswith(self.text)
        return self.text in hay


def needle(raw: str, *, case_sensitive: bool = False) -> Needle:
    """Read a search text with its marks. assumed: case does not count, and a `^` inside the text is an ordinary one."""
    from_start = raw.startswith("^")
    body = raw[1:] if from_start else raw
    to_end = body.endswith("^")
    body = body[:-1] if to_end else body
    return Needle(body if case_sensitive else body.casefold(), from_start, to_end, case_sensitive)


@frozen
class SearchRules:
    """How searches behave here: case, and what happens with a text that is too short (assumed: both, switchable)."""

    case_sensitive: bool
    short: str

    def needles(self, params: Params, name: str, shortest: int) -> list[Needle]:
        """Return what a search parameter asks for, any of them; [] if it does not filter.

        observed: the shortest text is 4 characters for cases, 3 for users and companies.
        assumed: the marks do not count, and a shorter text is refused with 400 `<name>_too_short`.
        """
        needles = [needle(text, case_sensitive=self.case_sensitive) for text in params.texts(name)]
        if any(len(each.text) < shortest for each in needles):
            if self.short == "error":
                raise invalid(f"{name}_too_short")
            if self.short == "ignore":
                return [each for each in needles if len(each.text) >= shortest]
        return needles


def any_of(needles: list[Needle]) -> Callable[[str], bool]:
    """Return the test whether a text matches one of the needles."""
    return lambda text: any(each.found_in(text) for each in needles)
