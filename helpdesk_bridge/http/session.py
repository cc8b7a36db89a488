"""The session layer: one ``requests.Session`` per thread, a deadline, caps, credentials for one origin only."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode, urlsplit

import requests
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from helpdesk_bridge.cancellation import cancellation, check_before_first_byte
from helpdesk_bridge.clock import SystemClock, real_seconds
from helpdesk_bridge.errors import BadResponse, HelpdeskError, Invalid
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.http import sockets
from helpdesk_bridge.http.download import StreamedDownload, read_capped
from helpdesk_bridge.http.failures import TooLarge, Way, failure_of, kind_of
from helpdesk_bridge.http.multipart import MultipartBody
from helpdesk_bridge.http.origin import Origin, Target, target
from helpdesk_bridge.http.request import Auth, Effect, Request, Response
from helpdesk_bridge.http.transport import FREE, Grant, Lost, Oversized
from helpdesk_bridge.last_check import last_check
from helpdesk_bridge.model.values import UNSET
from helpdesk_bridge.text import json_text
from helpdesk_bridge.vendor_time import VendorTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests.auth import AuthBase

    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.http.options import HttpOptions
    from helpdesk_bridge.text.decoding import Mending

T = TypeVar("T")

Body = bytes | MultipartBody | None

FORM = "application/x-www-form-urlencoded"
USER_AGENT = "helpdesk-bridge"


class _PerThread(threading.local):
    pid: int = 0
    own: requests.Session | None = None
    foreign: requests.Session | None = None


class Session:
    """Sends one attempt. Redirects are never followed; .netrc is never read, proxies of the environment on the user's word."""

    def __init__(
        self,
        *,
        base_url: str,
        auth: AuthBase | None,
        options: HttpOptions,
        mending: Mending | None = None,
        clock: Clock | None = None,
        heard: VendorTime | None = None,
    ) -> None:
        self._base = base_url
        self._origin = Origin.parse(base_url)
        self._auth = auth
        self._options = options
        self._mending = mending
        self._heard = heard or VendorTime(clock or SystemClock())
        self._asks_environment = options.trust_environment and not self._origin.is_loopback
        self._verify: bool | str = options.ca_bundle or self._environments_bundle() or True
        self._thread = _PerThread()
        self._opened: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._lock = new_lock()
        self._closed = False
        self._reached = False

    def send(self, request: Request, grant: Grant = FREE) -> Response:  # noqa: ARG002 - read by the layers above
        """Return the complete answer. Raises ``NotSent`` or ``Lost`` if none came within the timeout."""
        started = real_seconds()

        def exchange(session: requests.Session, prepared: PreparedRequest) -> Response:
            answer = self._start(session, prepared)
            return self._whole(request, answer, started)

        return self._attempt(request, exchange)

    def open(self, request: Request, grant: Grant = FREE) -> StreamedDownload:  # noqa: ARG002 - read by the layers above
        """Return the answer with its body to be read; one whose status is not 2xx is read at once."""
        started = real_seconds()

        def exchange(session: requests.Session, prepared: PreparedRequest) -> StreamedDownload:
            answer = self._start(session, prepared)
            good = 200 <= answer.status_code < 300  # noqa: PLR2004 - the range of HTTP successes
            failed = None if good else self._whole(request, answer, started)
            return StreamedDownload(answer, failed, timeout=self._options.timeout, cap=self._options.max_download)

        return self._attempt(request, exchange)

    def close(self) -> None:
        """Close the connections of every thread; later calls raise ``HelpdeskError``."""
        with self._lock:
            self._closed = True
            sessions = list(self._opened)
        for session in sessions:
            session.close()

    def _attempt(self, request: Request, exchange: Callable[[requests.Session, PreparedRequest], T]) -> T:
        problem: Exception
        if (call := cancellation()) is not None:
            call.check()
        body = _body(request)
        try:
            session, prepared = self._prepare(request, body)
            reads = request.effect is Effect.READ
            check = check_before_first_byte(sockets.anything_sent) if reads else last_check()
            with sockets.attempt(self._options.timeout, self._heard.real_now, check):
                try:
                    return exchange(session, prepared)
                except sockets.ForbiddenAddress as error:
                    problem = BadResponse(f"the vendor gave a URL that is not fetched: {error}")
                except TooLarge as error:
                    reason = kind_of(error, str(self._origin))
                    problem = Lost(reason) if request.max_bytes is None else Oversized(reason)
                except (requests.RequestException, HTTPError, OSError) as error:
                    own = session is self._thread.own
                    way = self._way(prepared.url or self._base, own=own)
                    problem = failure_of(error, way, sent=sockets.anything_sent(), reached=self._reached or not own)
        finally:
            if isinstance(body, MultipartBody):
                body.close()
        # Raised here, outside the except clause: the original error carries the request with its credentials.
        try:
            raise problem
        finally:
            del (
                problem
            )  # else its traceback and this frame would hold each other, and all the callers' values with them

    def _way(self, url: str, *, own: bool) -> Way:
        origin, options = Origin.parse(url), self._options
        proxy = self._proxies(url).get(origin.scheme)
        parts = urlsplit(proxy or "")
        return Way(
            origin,
            None if proxy is None else f"{parts.hostname}:{parts.port}",
            options.proxies is None,
            options.ca_bundle is not None,
            own and options.client_certificate is not None,
        )

    def _start(self, session: requests.Session, prepared: PreparedRequest) -> requests.Response:
        # Session.send would read the whole body of a redirect, without a cap, to find where it leads.
        own = session is self._thread.own
        answer = session.get_adapter(prepared.url or "").send(
            prepared,
            stream=True,
            timeout=self._options.timeout,
            verify=self._verify,
            cert=self._options.client_certificate if own else None,
            proxies=self._proxies(prepared.url or ""),
        )
        if own:
            self._reached = True
            self._heard.note(answer.headers.get("Date", ""))
        return answer

    def _proxies(self, url: str) -> dict[str, str]:
        if self._options.proxies is not None:
            return dict(self._options.proxies)
        return get_environ_proxies(url) if self._asks_environment else {}

    def _environments_bundle(self) -> str | None:
        names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if self._asks_environment else ()
        return next((os.environ[name] for name in names if os.environ.get(name)), None)

    def _whole(self, request: Request, answer: requests.Response, started: float) -> Response:
        try:
            cap = (
                self._options.max_body if request.max_bytes is None else min(request.max_bytes, self._options.max_body)
            )
            body = read_capped(answer.raw, cap)
        finally:
            answer.close()
        return Response(
            answer.status_code, answer.headers, body, request, (real_seconds() - started) * 1000, self._mending
        )

    def _prepare(self, request: Request, body: Body) -> tuple[requests.Session, PreparedRequest]:
        if self._closed:
            raise HelpdeskError("the desk was closed")
        foreign = False
        if request.url is None:
            url = self._base + request.target()
        else:
            place = target(request.url)
            foreign = self._is_foreign(request, place)
            url = place.url
        prepared = PreparedRequest()
        prepared.method = request.method
        prepared.url = url
        prepared.headers = CaseInsensitiveDict(
            {
                "User-Agent": USER_AGENT,
                "Accept": "*/*" if request.url else "application/json",
                "Accept-Encoding": "gzip, deflate",
                **request.headers,
            }
        )
        session = self._session(foreign=foreign)
        prepared.body = body  # type: ignore[assignment]  # a stream is fine, its length is in the headers
        if isinstance(body, MultipartBody):
            prepared.headers.setdefault("Content-Type", body.content_type)
            prepared.headers["Content-Length"] = str(body.length)
        elif body is not None:
            json = request.json is not UNSET
            prepared.headers.setdefault("Content-Type", "application/json" if json else FORM)
            prepared.headers["Content-Length"] = str(len(body))
        elif request.method not in {"GET", "HEAD"}:
            prepared.headers["Content-Length"] = "0"
        if request.auth is Auth.WITH_AUTH and self._auth is not None:
            prepared = self._auth(prepared)
        return session, prepared

    def _is_foreign(self, request: Request, place: Target) -> bool:
        if place.origin == self._origin:
            return False
        if request.auth is Auth.WITH_AUTH:
            raise BadResponse(f"the vendor gave a URL on {place.origin}; credentials go to {self._origin} only")
        here = self._origin.is_loopback and place.origin.is_loopback
        if place.origin.scheme != "https" and not here:
            raise BadResponse(f"the vendor gave a URL on {place.origin}, which is not encrypted")
        if self._proxies(place.url):
            # The proxy will look the name up again, so this is all that can be checked from here.
            self._check_address(place.origin)
        return True

    def _check_address(self, origin: Origin) -> None:
        problem: BadResponse | None = None
        try:
            sockets.public_addresses(origin.host, origin.port, allow_loopback=self._origin.is_loopback)
        except sockets.ForbiddenAddress as error:
            problem = BadResponse(f"the vendor gave a URL that is not fetched: {error}")
        except OSError:
            return  # only the proxy can resolve it
        if problem is not None:
            raise problem

    def _session(self, *, foreign: bool) -> requests.Session:
        thread = self._thread
        if thread.pid != os.getpid():
            # The sockets of a forked process belong to its parent.
            thread.pid, thread.own, thread.foreign = os.getpid(), None, None
        if foreign:
            if thread.foreign is None:
                here = self._origin.is_loopback
                thread.foreign = self._new(sockets.LoopbackAdapter() if here else sockets.PublicAdapter())
            return thread.foreign
        if thread.own is None:
            thread.own = self._new(sockets.DeadlineAdapter())
        return thread.own

    def _new(self, adapter: sockets.DeadlineAdapter) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        with self._lock:
            self._opened.add(session)
        return session


def _body(request: Request) -> Body:
    if request.raw is not None:
        return request.raw
    if request.json is not UNSET:
        return json_text.dumps(request.json)
    if request.form is not None:
        try:
            return urlencode(request.form).encode()
        except UnicodeEncodeError:
            problem = Invalid("a value of the form contains an unpaired surrogate", field="form")
        raise problem
    return None if request.parts is None else MultipartBody(request.parts)
