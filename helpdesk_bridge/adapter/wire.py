"""Strict reading of vendors' JSON: anything unexpected is a ``BadResponse`` with its path.

Unknown keys are ignored, because vendors add fields every week.
"""

from __future__ import annotations

from typing import Any, TypeVar

from helpdesk_bridge.errors import BadResponse
from helpdesk_bridge.portable.strict import Converter, Misread, StrictReader, WireTypeError

T = TypeVar("T")


class Wire(StrictReader):
    """Structures vendor documents into attrs classes; ``configure`` registers the vendor's own hooks (dates, odd spellings)."""

    def read(self, type_: type[T], document: Any, *, at: str = "$") -> T:
        """Return ``document`` as ``type_``. Raises ``BadResponse`` naming the path below ``at``, never a value."""
        try:
            return super().read(type_, document, at=at)
        except Misread as error:
            problem = error
        raise BadResponse(f"the vendor's answer cannot be read at {problem.path}", path=problem.path)


__all__ = ["Converter", "Wire", "WireTypeError"]
