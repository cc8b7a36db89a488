"""Errors, named by what the caller can do about them.

.. code-block:: text

    HelpdeskError               any failure of a desk; also a vendor fault of no other kind (405, 406, 415)
    ├── NotFound                the record does not exist, or is not visible to these credentials
    ├── WrongDesk               the ref belongs to another account
    ├── Invalid                 a value was refused: ``field`` and ``limit`` say which and why
    ├── Conflict                the record exists already, or changed meanwhile
    ├── AuthenticationFailed    the credentials are wrong or were revoked
    ├── PermissionDenied        the credentials are right and not allowed to do this
    ├── RateLimited             the rate limit is exceeded; ``retry_after`` says for how long
    ├── Unavailable             the vendor or the network failed; nothing is known to have changed
    ├── Unsupported             the vendor cannot do this: ``capability``; nothing was sent
    ├── BadResponse             the vendor answered something unreadable: ``path``, ``record``
    └── InDoubt                 a write was sent and its outcome is unknown

    ConfigError                 the configuration is wrong; deliberately outside HelpdeskError

No message, ``repr`` or attribute here ever holds a secret, a request header or a customer's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ConfigError(Exception):
    """The configuration is wrong; the message names the key and the fix. No request was made."""


class HelpdeskError(Exception):
    """A desk failed. ``temporary`` says whether the same call may succeed later."""

    temporary: bool = False

    def __init__(
        self,
        message: str,
        *,
        vendor: str | None = None,
        desk: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        code: str | None = None,
        doc_url: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.vendor = vendor
        self.desk = desk
        self.operation = operation
        self.status = status
        self.code = code
        self.doc_url = doc_url
        self.request_id = request_id

    def __str__(self) -> str:
        """Return one line: the message and, in brackets, where it happened."""
        where = [part for part in (self.desk or self.vendor, self.operation) if part]
        if self.status is not None:
            where.append(f"HTTP {self.status}")
        if self.code:
            where.append(self.code)
        return f"{self.message} [{', '.join(where)}]" if where else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.args, dict(vars(self)))

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain JSON types; ``type`` is its class above, or the nearest above it."""
        known = next(cls.__name__ for cls in type(self).__mro__ if cls.__module__ == __name__)
        details = {name: value for name, value in vars(self).items() if isinstance(value, (str, int, float, bool))}
        return {"object": "error", "version": 1, "type": known, "temporary": self.temporary, **details}

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> HelpdeskError:
        """Return the error of ``to_dict``. Raises ``Invalid`` for another document."""
        ours: list[type[HelpdeskError]] = [HelpdeskError, *HelpdeskError.__subclasses__()]
        classes = {cls.__name__: cls for cls in ours if cls.__module__ == __name__}
        details = dict(document) if isinstance(document, Mapping) else {}
        kind, version, name = details.pop("object", ""), details.pop("version", 1), details.pop("type", "")
        details.pop("temporary", None)
        if kind != "error" or version != 1 or name not in classes or not isinstance(details.get("message"), str):
            raise Invalid("not an error of this package, or one of a newer version", field="type")
        try:
            return classes[name](**details)
        except TypeError:
            problem = Invalid(f"{name} of this version has other details; a newer version wrote it", field="type")
        raise problem

    def located(
        self, *, vendor: str | None = None, desk: str | None = None, operation: str | None = None
    ) -> HelpdeskError:
        """Fill in what is not known yet of where the error happened, and return the error itself."""
        self.vendor = self.vendor or vendor
        self.desk = self.desk or desk
        self.operation = self.operation or operation
        return self


def _rebuilt(cls: type[HelpdeskError], args: tuple[Any, ...], details: dict[str, Any]) -> HelpdeskError:
    error = cls.__new__(cls, *args)
    vars(error).update(details)
    return error


class NotFound(HelpdeskError):
    """The record does not exist, was deleted, or is not visible to these credentials."""


class WrongDesk(HelpdeskError):
    """A ref of another account was passed; its number is another record here. Nothing was sent."""


class Invalid(HelpdeskError):
    """A value was refused. ``limit`` is the rule that it breaks, if known, and ``field`` names the value.

    A field of a draft, change or query has the port's name, whatever the vendor calls it: ``assignee``, ``emails``, or
    ``custom_fields.Order No`` for one custom field. An argument of ``vendor_api`` has its own name.
    """

    def __init__(
        self, message: str, *, field: str | None = None, limit: str | int | None = None, **where: object
    ) -> None:
        super().__init__(message, **where)  # type: ignore[arg-type]
        self.field = field
        self.limit = limit


class Conflict(HelpdeskError):
    """The record exists already, or was changed by another writer. ``field`` names the value that is taken, if known."""

    def __init__(self, message: str, *, field: str | None = None, **where: object) -> None:
        super().__init__(message, **where)  # type: ignore[arg-type]
        self.field = field


class AuthenticationFailed(HelpdeskError):
    """The vendor does not accept the credentials."""


class PermissionDenied(HelpdeskError):
    """The credentials are right, but not allowed to do this."""


class RateLimited(HelpdeskError):
    """The rate limit is exceeded. ``retry_after`` is in vendor seconds, or None if the vendor does not say."""

    temporary = True

    def __init__(self, message: str, *, retry_after: float | None = None, **where: object) -> None:
        super().__init__(message, **where)  # type: ignore[arg-type]
        self.retry_after = retry_after


class Unavailable(HelpdeskError):
    """The vendor or the network failed before anything changed, or on a call that changes nothing."""

    temporary = True


class Unsupported(HelpdeskError):
    """The vendor cannot do this. ``capability`` names what is missing; nothing was sent."""

    def __init__(self, message: str, *, capability: str | None = None, **where: object) -> None:
        super().__init__(message, **where)  # type: ignore[arg-type]
        self.capability = capability


class BadResponse(HelpdeskError):
    """The vendor answered something that cannot be read.

    ``path`` is the place in the answer, such as ``$.case.case_id``, ``record`` whose answer it is, such as ``ticket 51230``,
    where the call was about one record and its id is no address.
    """

    def __init__(self, message: str, *, path: str | None = None, record: str | None = None, **where: object) -> None:
        super().__init__(message, **where)  # type: ignore[arg-type]
        self.path = path
        self.record = record

    def __str__(self) -> str:
        """Return one line: the message, where it happened, and of which record."""
        return super().__str__() if self.record is None else f"{super().__str__()}, of {self.record}"


class InDoubt(HelpdeskError):
    """A write was sent and its outcome is unknown: it may have happened, or may still happen.

    Look for the record by ``marker`` once ``settle_seconds`` (vendor seconds) have passed; repeating the call
    blindly can create it twice.
    """

    def __init__(
        self, message: str, *, settle_seconds: float = 60.0, marker: str | None = None, **where: object
    ) -> None:
        super().__init__(message, **where)  # type: ignore[arg-type]
        self.settle_seconds = settle_seconds
        self.marker = marker

    @classmethod
    def of_part(
        cls, done: str, error: HelpdeskError, *, settle_seconds: float = 60.0, marker: str | None = None
    ) -> InDoubt:
        """Return the error of a write of several calls of which some happened; ``done`` says which, ``error`` ended it.

        Whatever became of the rest, repeating the whole would write what is done a second time.
        """
        rest = "the outcome of the rest is unknown" if isinstance(error, InDoubt) else "the rest was not written"
        return cls(
            f"{done}; {rest}: {error.message}",
            settle_seconds=settle_seconds,
            marker=marker,
            status=error.status,
            code=error.code,
        )
