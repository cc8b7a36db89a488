"""``compare``: where a simulator would have answered otherwise than the account that a cassette was recorded from.

Each recorded request is asked of the simulator in turn. Its ids are the account's, so they are first exchanged for the
simulator's: what stood at the same place in two answers is taken for the same. Then the answers of each operation are
held against each other as a whole: statuses, headers, keys and kinds of values. What only one side had a chance to
show, such as the items of a list that was empty at the other, is not judged, and nor are files.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlencode

from attrs import define, field, frozen

from helpdesk_bridge.http.request import WITH_AUTH, Answer, Effect, Request
from helpdesk_bridge.testing.cassette.cassette import Content, Exchange, Pairs

if TYPE_CHECKING:
    from helpdesk_bridge.http.request import Response
    from helpdesk_bridge.http.stack import Stack
    from helpdesk_bridge.testing.simulator.app import SimulatorApp

_IGNORED: Final = re.compile(
    r"date|server|via|vary|etag|age|expires|pragma|cache-control|content-(?:length|encoding|language|security-policy.*)"
    r"|connection|keep-alive|transfer-encoding|set-cookie|alt-svc|strict-transport-security|nel|report-to|p3p"
    r"|x-(?:powered-by|frame-options|content-type-options|xss-protection|request-id|runtime|cache.*|amz.*|azure.*)|cf-.*"
    r"|referrer-policy|permissions-policy|request-context|last-modified|accept-ranges|x-permitted.*|cross-origin-.*",
    re.IGNORECASE,
)
"""Headers of web servers and of what stands before them, which say nothing of a vendor's API."""
_MAPS: Final = re.compile(r"custom_fields?$|^cf_|fields_by_|translations$", re.IGNORECASE)
"""Objects whose keys are the account's own."""
_OWN_KEY: Final = re.compile(r"\d+|cf_.*", re.IGNORECASE)


@frozen(order=True)
class Deviation:
    """One place where a simulator differs: the operation, what of its answer, and both sides in words."""

    operation: str
    where: str
    recorded: str
    simulated: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.where}: recorded {self.recorded}, simulated {self.simulated}"


@define
class _Shape:
    """What the answers of an operation have shown so far."""

    statuses: set[int] = field(factory=set)
    headers: set[str] = field(factory=set)
    kinds: dict[str, set[str]] = field(factory=lambda: defaultdict(set))
    objects: Counter[str] = field(factory=Counter)
    keys: dict[str, Counter[str]] = field(factory=lambda: defaultdict(Counter))

    def add(self, status: int, headers: Pairs, content: Content) -> None:
        self.statuses.add(status)
        self.headers |= {name.lower() for name, _ in headers if not _IGNORED.fullmatch(name)}
        if content.is_json:
            for place, kind, keys in _walk(content.json):
                self.kinds[place].add(kind)
                if keys is not None:
                    self.objects[place] += 1
                    self.keys[place].update(keys)

    def always(self, place: str) -> set[str]:
        """Return the keys that every object at a place had."""
        return {key for key, count in self.keys[place].items() if count == self.objects[place]}

    def sometimes(self) -> Iterator[tuple[str, str]]:
        """Yield the keys that some objects had and others lacked, each with the name of the object."""
        for place in list(self.keys):
            for key in self.keys[place].keys() - self.always(place):
                yield _name(place), key


def compare(exchanges: Sequence[Exchange], app: SimulatorApp, stack: Stack) -> list[Deviation]:
    """Return every deviation of a simulator from a cassette, sorted; ``stack`` is a desk's connection to it.

    Recorded writes are done again, so give it an account that may be used up.
    """
    recorded: dict[str, _Shape] = defaultdict(_Shape)
    simulated: dict[str, _Shape] = defaultdict(_Shape)
    ids: dict[str, str] = {}
    for exchange in exchanges:
        if exchange.answer.size:
            continue  # a file: its address was signed, and what it holds is not kept
        path = "/".join(_own(segment, ids) for segment in exchange.path.split("/"))
        operation = f"{exchange.method} {app.rule_of(exchange.method, path) or exchange.path}"
        response = stack.exchange(_request(exchange, path, ids, str(stack.origin)))
        answer = _content(response)
        recorded[operation].add(exchange.status, exchange.headers, exchange.answer)
        simulated[operation].add(response.status, tuple(response.headers.items()), answer)
        if exchange.answer.is_json and answer.is_json:
            ids.update(_same_places(exchange.answer.json, answer.json))
    optional = {known for side in (recorded, simulated) for shape in side.values() for known in shape.sometimes()}
    return sorted(
        deviation
        for operation, shape in recorded.items()
        for deviation in _deviations(operation, shape, simulated[operation], optional)
    )


def _request(exchange: Exchange, path: str, ids: Mapping[str, str], origin: str) -> Request:
    query = urlencode([(name, _own(value, ids)) for name, value in exchange.query], quote_via=quote)
    sent, body = exchange.sent, b""
    if sent.type == "application/x-www-form-urlencoded":
        body = urlencode([(name, _own(value, ids)) for name, value in sent.json]).encode()
    elif sent.is_json:
        body = json.dumps(_own_document(sent.json, ids)).encode()
    return Request(
        exchange.method,
        url=f"{origin}{path}{'?' if query else ''}{query}",
        auth=WITH_AUTH,
        operation="compare",
        effect=Effect.READ if exchange.method in {"GET", "HEAD"} else Effect.CREATE,
        raw=body or None,
        headers={"Accept": "application/json"} | ({"Content-Type": sent.type} if body else {}),
        answer=Answer.ANY,
    )


def _content(response: Response) -> Content:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if not response.body:
        return Content()
    try:
        return Content(kind or "application/json", json=json.loads(response.body))
    except ValueError:
        return Content(kind, size=len(response.body))


def _own(word: str, ids: Mapping[str, str]) -> str:
    stem, dot, rest = word.partition(".json")
    return ids.get(unquote(stem), stem) + dot + rest


def _own_document(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _own_document(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [_own_document(inner, ids) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    known = ids.get(str(value))
    return value if known is None else type(value)(known) if isinstance(value, int | str) else value


def _same_places(recorded: Any, simulated: Any) -> Iterator[tuple[str, str]]:
    """Yield what is taken for the same: ids and addresses at one place of two answers."""
    if isinstance(recorded, dict) and isinstance(simulated, dict):
        for name in recorded.keys() & simulated.keys():
            yield from _same_places(recorded[name], simulated[name])
        if all(map(str.isdigit, (*recorded, *simulated))):
            for (key, inner), (other, own) in zip(recorded.items(), simulated.items(), strict=False):
                yield key, other
                yield from _same_places(inner, own)
    elif isinstance(recorded, list) and isinstance(simulated, list):
        for inner, own in zip(recorded, simulated, strict=False):
            yield from _same_places(inner, own)
    elif isinstance(recorded, int | str) and type(recorded) is type(simulated) and not isinstance(recorded, bool):
        text = str(recorded)
        if text.isdigit() or "@" in text or text.startswith("Text "):
            yield text, str(simulated)


def _walk(value: Any, place: str = "") -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield every place of a document with the kind of its value, and the keys of objects whose keys are the vendor's."""
    if isinstance(value, dict):
        own = _MAPS.search(place) is not None or (bool(value) and all(_OWN_KEY.fullmatch(key) for key in value))
        yield place, "object", None if own else {key for key in value if not _OWN_KEY.fullmatch(key)}
        for key, inner in value.items():
            name = "*" if own or _OWN_KEY.fullmatch(key) else key
            yield from _walk(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        yield place, "list", None
        for inner in value:
            yield from _walk(inner, f"{place}[]")
    else:
        yield place, _kind(value), None


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    return "number" if isinstance(value, int | float) else "text"


def _name(place: str) -> str:
    """Return what an object at a place is: the last word of the place that is no list's or map's."""
    return next((word for word in reversed(place.replace("[]", "").split(".")) if word != "*"), "")


def _deviations(
    operation: str, recorded: _Shape, simulated: _Shape, optional: Collection[tuple[str, str]]
) -> Iterator[Deviation]:
    for status in sorted(recorded.statuses - simulated.statuses):
        yield Deviation(operation, "status", str(status), _listed(map(str, simulated.statuses)))
    if not recorded.statuses <= simulated.statuses:
        return  # an error and a success have nothing to compare
    for name in sorted(recorded.headers ^ simulated.headers):
        has = name in recorded.headers
        yield Deviation(operation, f"header {name}", "sent" if has else "absent", "absent" if has else "sent")
    for place in sorted(recorded.keys.keys() & simulated.keys.keys()):
        theirs, ours = recorded.keys[place].keys(), simulated.keys[place].keys()
        for key in sorted((recorded.always(place) - ours) | (simulated.always(place) - theirs)):
            has = key in theirs
            if (_name(place), key) in optional:
                continue  # records differ in it, so its absence may be chance
            where = f"key {place}.{key}" if place else f"key {key}"
            yield Deviation(operation, where, "there" if has else "absent", "absent" if has else "there")
    for place in sorted(recorded.kinds.keys() & simulated.kinds.keys()):
        # Where both have one kind in common, the other may be chance: a field that is a number once it has a value.
        kinds, simulated_kinds = recorded.kinds[place] - {"null"}, simulated.kinds[place] - {"null"}
        if kinds and simulated_kinds and not kinds & simulated_kinds:
            yield Deviation(operation, f"value {place or 'of the answer'}", _listed(kinds), _listed(simulated_kinds))


def _listed(words: Iterable[str]) -> str:
    return " or ".join(sorted(words))
