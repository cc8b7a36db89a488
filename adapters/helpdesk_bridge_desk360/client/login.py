"""Login with e-mail and password: once, by one thread, and again if a token that worked is rejected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from attrs import frozen

from helpdesk_bridge.adapter import (
    Auth,
    AuthenticationFailed,
    Clock,
    Effect,
    Request,
    Response,
    Secret,
    Stack,
    new_lock,
)
from helpdesk_bridge_desk360.client.auth import BearerToken
from helpdesk_bridge_desk360.policy import LOGIN, MINUTE
from helpdesk_bridge_desk360.wire.documents import WIRE, TokenDocument

T = TypeVar("T")
_BLANKS: Final = frozenset(" \t\r\n")


class Connection(Protocol):
    """The connection for calls: the transport itself, or one that logs in first."""

    def send(self, request: Request) -> Response:
        """Return a successful answer."""
        ...

    def open(self, request: Request) -> Any:
        """Return a successful answer whose body is still to be read."""
        ...


class Login:
    """Keeps one token for all threads.

    Neither expiry nor refresh is documented, so a 401 on a token that worked means: log in once more, then give up.
    Wrong credentials are not tried again for a minute: the vendor allows five wrong logins in it.
    """

    def __init__(self, stack: Stack, bearer: BearerToken, clock: Clock, email: str, password: Secret) -> None:
        self._stack = stack
        self._bearer = bearer
        self._clock = clock
        self._email = email
        self._password = password
        self._lock = new_lock()
        self._generation = 0
        self._worked = False
        self._since = 0.0
        self._wrong_at: float | None = None

    def ready(self) -> int:
        """Return the number of the current token; log in if there is no token."""
        with self._lock:
            if self._bearer.token is None:
                self._log_in()
            return self._generation

    def worked(self, generation: int) -> None:
        """Note that a token was accepted."""
        if generation == self._generation:
            self._worked = True

    def renew(self, generation: int) -> bool:
        """Return whether there is another token than the rejected one; log in at most once for all callers."""
        with self._lock:
            if generation != self._generation:
                return True
            if not self._worked and self._clock.now() - self._since < MINUTE:
                return False
            self._log_in()
            return True

    def _log_in(self) -> None:
        now = self._clock.now()
        if self._wrong_at is not None and now - self._wrong_at < MINUTE:
            raise AuthenticationFailed(
                "Desk360 rejected email and password less than a minute ago; wait a minute before the next login"
            )
        try:
            token = self._ask()
        except AuthenticationFailed:
            self._wrong_at = self._clock.now()
            raise
        self._bearer.token = Secret(token)
        self._generation += 1
        self._worked = False
        self._wrong_at = None
        self._since = self._clock.now()

    def _ask(self) -> str:
        # documented: Desk360 API, "Login". Asking again returns a token again, so it may be repeated like a read.
        request = Request(
            "POST",
            LOGIN,
            operation="login",
            effect=Effect.SET,
            auth=Auth.WITHOUT_AUTH,
            json={"email": self._email, "password": self._password.reveal()},
        )
        answer = WIRE.read(TokenDocument, self._stack.send(request).json())
        if (
            not answer.access_token.isprintable()
            or _BLANKS & set(answer.access_token)
            or not answer.access_token.isascii()
        ):
            raise AuthenticationFailed("Desk360's login returned a token that a header cannot carry")
        return answer.access_token


@frozen(eq=False)
class LoggedInConnection:
    """A connection that gets a token before it sends, and another token if that is rejected.

    A call answered with 401 was not executed, so repeating it is safe even for sends.
    """

    _stack: Stack
    _login: Login

    def send(self, request: Request) -> Response:
        """Return a successful answer."""
        return self._with_token(lambda: self._stack.send(request))

    def open(self, request: Request) -> Any:
        """Return a successful answer whose body is still to be read."""
        if request.auth is Auth.WITHOUT_AUTH:
            return self._stack.open(request)
        return self._with_token(lambda: self._stack.open(request))

    def _with_token(self, go: Callable[[], T]) -> T:
        generation = self._login.ready()
        refused: AuthenticationFailed
        try:
            result = go()
        except AuthenticationFailed as error:
            refused = error
        else:
            self._login.worked(generation)
            return result
        if not self._login.renew(generation):
            raise refused
        generation = self._login.ready()
        result = go()
        self._login.worked(generation)
        return result
