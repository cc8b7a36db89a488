"""Reads the 78 code samples of the vendor's paper, letter by letter in ``codesamples/``, into the requests they make.

Each language's own client encodes differently (assumed, after what those clients are known to send); what is sent,
where, and with which headers, is read out of the sample.
"""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import requests
from attrs import field, frozen

HOST = "https://public-api.desk360.com"
FOLDER = Path(__file__).with_name("codesamples")
LANGUAGES = ("cURL", "C#", "Java", "JavaScript", "PHP", "Python")
CONTENT = b"\x89PNG file bytes"
JSON, OCTETS = "application/json", "application/octet-stream"


@frozen
class File:
    """A file part: the field's name, the file's name, and the type that is declared."""

    field: str
    name: str
    type: str


@frozen
class Sample:
    """What one sample sends; ``body`` is a JSON text, ``fields`` and ``files`` are those of a form."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    files: tuple[File, ...] = ()
    form: bool = False
    encoded: bytes | None = field(default=None, repr=False)

    @property
    def path(self) -> str:
        assert self.url.startswith(f"{HOST}/"), self.url
        return self.url.removeprefix(HOST)


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def heading(name: str) -> tuple[str, str]:
    """The method and URL that stand above the samples of an endpoint."""
    method, url = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()[0].split()
    return method, url


def text_of(name: str, language: str) -> str:
    """The sample as printed; each begins with the word of its button."""
    _, *parts = re.split(r"^Copy ", (FOLDER / f"{name}.txt").read_text("utf-8"), flags=re.MULTILINE)
    assert len(parts) == len(LANGUAGES), name
    return parts[LANGUAGES.index(language)]


def read(name: str, language: str, *replaced: tuple[str, str]) -> Sample:
    """Read a sample; ``replaced`` are patterns in its text and what stands there instead."""
    text = text_of(name, language)
    for pattern, value in replaced:
        text = re.sub(pattern, value, text)
    return READERS[language](text)


# ---- the six languages


def curl(text: str) -> Sample:
    # One sample has lost the blank between backslash and option on its way into the paper.
    words = iter(shlex.split(text.replace("\\- -", "--").replace("\\\n", " "))[1:])
    method, url, headers, body = "GET", "", {}, None
    fields: list[tuple[str, str]] = []
    files: list[File] = []
    for word in words:
        if word == "--request":
            method = next(words)
        elif word == "--header":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word in ("--data", "--data-raw"):
            body = next(words)
        elif word == "--form":
            name, _, value = next(words).partition("=")
            if value.startswith("@"):
                files.append(_file(name, value[1:].strip('"'), guessed=True))
            else:
                fields.append((name, value.strip('"')))
        elif word != "--location":
            url = word
    return Sample(method, url, headers, body, tuple(fields), tuple(files), bool(fields or files))


def c_sharp(text: str) -> Sample:
    base = _one(r'new RestClient\w*\s*\(\s*"([^"]+)"', text)
    path = re.search(r'new RestRequest\s*\(\s*"([^"]+)"', text)
    raw = re.search(rf'AddParameter\s*\(\s*"{JSON}"\s*,\s*("(?:\\.|[^"\\])*")\s*,\s*ParameterType', text)
    whole = re.search(r"var body = (.*?)\s*;\nrequest \.AddStringBody", text, re.DOTALL)
    body = json.loads(raw[1]) if raw else None
    if whole:
        body = "\n".join(line.replace('""', '"') for line in re.findall(r'@"((?:""|[^"])*)"', whole[1]))
    return Sample(
        _one(r"Method\s*\.\s*(\w+)", text).upper(),
        base + (path[1] if path else ""),
        dict(re.findall(r'AddHeader\s*\(\s*"([^"]+)"\s*,\s*"([^"]*)"\s*\)', text)),
        body,
        () if raw else tuple(re.findall(r'AddParameter\s*\(\s*"([^"]+)"\s*,\s*"([^"]*)"\s*\)', text)),
        tuple(_file(*one) for one in re.findall(r'AddFile\s*\(\s*"([^"]+)"\s*,\s*"([^"]+)"\s*\)', text)),
        "AlwaysMultipartFormData = true" in text,
    )


def java(text: str) -> Sample:
    part = r'addFormDataPart\s*\(\s*"([^"]+)"\s*,\s*"([^"]*)"\s*'
    body = re.search(r'RequestBody\s*\.\s*create\s*\(\s*\w+\s*,\s*("(?:\\.|[^"\\])*")\s*\)', text)
    files = re.findall(part + r',\s*RequestBody\s*\.\s*create\s*\(\s*MediaType\s*\.\s*parse\s*\(\s*"([^"]+)"', text)
    return Sample(
        _one(r'\.\s*method\s*\(\s*"(\w+)"', text),
        _one(r'\.\s*url\s*\(\s*"([^"]+)"', text),
        dict(re.findall(r'\.\s*addHeader\s*\(\s*"([^"]+)"\s*,\s*"([^"]*)"\s*\)', text)),
        json.loads(body[1]) if body else None,
        tuple(re.findall(part + r"\)", text)),
        tuple(File(*one) for one in files),
        "MultipartBody" in text,
    )


def javascript(text: str) -> Sample:
    body = re.search(r"JSON \.stringify \((\{.*?\})\);", text, re.DOTALL)
    headers = _one(r"headers\s*:\s*\{(.*?)\}", text)
    append = r"data \.append ?\( '([^']+)' , "
    return Sample(
        _one(r"method\s*:\s*'(\w+)'", text).upper(),
        _one(r"url\s*:\s*'([^']+)'", text),
        dict(re.findall(r"'([^']+)'\s*:\s*'([^']*)'", headers)),
        json.dumps(json.loads(re.sub(r"- (?=\d)", "-", body[1])), separators=(",", ":")) if body else None,
        tuple(re.findall(append + r"'([^']*)' ?\)", text)),
        tuple(
            _file(*one, guessed=True) for one in re.findall(append + r"fs \.createReadStream \( '([^']+)' \) ?\)", text)
        ),
        "new FormData ()" in text,
    )


def php(text: str) -> Sample:
    if "CURLOPT_URL" not in text:
        return Sample(
            _one(r"setRequestMethod \( '(\w+)' \)", text),
            _one(r"setRequestUrl \( '([^']+)' \)", text),
            dict(re.findall(r"'([^']+)' => '([^']*)'", _one(r"setHeaders \( array \((.*?)\) \)", text))),
            _one(r"append \( '(.*?)' \) ;", text),
        )
    given = re.search(r"CURLOPT_POSTFIELDS => (array\( .*|'.*?') ,\nCURLOPT_HTTPHEADER", text, re.DOTALL)
    form = given[1] if given and given[1].startswith("array") else ""
    headers = _one(r"CURLOPT_HTTPHEADER => array\((.*?)\n\) ,", text)
    return Sample(
        _one(r"CURLOPT_CUSTOMREQUEST => '(\w+)'", text),
        _one(r"CURLOPT_URL => '([^']+)'", text),
        dict(re.findall(r"'([^':]+): ([^']*)'", headers)),
        given[1].strip("'") if given and not form else None,
        tuple(re.findall(r"'([^']+)' => '([^']*)'", form)),
        tuple(_file(*one) for one in re.findall(r"'([^']+)' => new CURLFILE \( '([^']+)' \)", form)),
        bool(form),
    )


def python(text: str) -> Sample:
    """Run the sample itself, with a ``requests`` that sends nothing."""
    made: list[requests.PreparedRequest] = []

    def request(method: str, url: str, **given: Any) -> Any:
        made.append(requests.Request(method, url, **given).prepare())
        return SimpleNamespace(text="")

    def opened(path: str, mode: str) -> io.BytesIO:
        assert (path.startswith("/"), mode) == (True, "rb")
        return io.BytesIO(CONTENT)

    fake = SimpleNamespace(request=request)
    imports = {"requests": fake, "json": json}
    builtins = {"open": opened, "print": lambda *_: None, "__import__": lambda name, *_: imports[name]}
    exec(compile(text, "sample", "exec"), {"__builtins__": builtins})  # noqa: S102 - that is the sample
    (sent,) = made
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body
    return Sample(sent.method or "", sent.url or "", dict(sent.headers), encoded=body or b"")


READERS: Mapping[str, Callable[[str], Sample]] = {
    "cURL": curl,
    "C#": c_sharp,
    "Java": java,
    "JavaScript": javascript,
    "PHP": php,
    "Python": python,
}


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.DOTALL)
    assert found, pattern
    return found[1]


def _file(name: str, path: str, *, guessed: bool = False) -> File:
    filename = path.rpartition("/")[2]
    return File(name, filename, "image/jpeg" if guessed and filename.endswith(".jpg") else OCTETS)


# ---- what goes over the wire

ACCEPT = {
    "cURL": "*/*",
    "C#": "application/json, text/json, text/x-json, text/javascript, application/xml, text/xml",
    "Java": None,
    "JavaScript": "application/json, text/plain, */*",
    "PHP": "*/*",
    "Python": "*/*",
}
BOUNDARY = {
    "cURL": "------------------------d74496d66958873e",
    "C#": "-------------------------------28947758029299",
    "Java": "2e8c6bcf-4b5a-4f33-8a6f-2d5f6f4a7c11",
    "JavaScript": "--------------------------735323031399963166993862",
    "PHP": "------------------------3c4b1a2f9d8e7c6b",
}


def wire(sample: Sample, language: str) -> tuple[dict[str, str], bytes]:
    """Return headers and body as the language's client would send them."""
    headers = dict(sample.headers)
    if ACCEPT[language] is not None:
        headers.setdefault("Accept", ACCEPT[language] or "")
    if sample.encoded is not None:
        headers.pop("Content-Length", None)
        return headers, sample.encoded
    if sample.form:
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY[language]}"
        return headers, multipart(sample, language)
    if sample.body is not None:
        headers.setdefault("Content-Type", f"{JSON}; charset=utf-8")
        return headers, sample.body.encode()
    return headers, b""


def multipart(sample: Sample, language: str) -> bytes:
    parts = [(f'form-data; name="{name}"', None, value.encode()) for name, value in sample.fields]
    parts += [(f'form-data; name="{file.field}"; filename="{file.name}"', file.type, CONTENT) for file in sample.files]
    lines: list[bytes] = []
    for disposition, declared, content in parts:
        lines += [f"--{BOUNDARY[language]}".encode()]
        kind = declared or ("text/plain; charset=utf-8" if language == "C#" else None)
        head = [f"Content-Type: {kind}"] if kind else []
        # OkHttp tells each part's length, RestSharp its type; the order differs as well.
        head = [f"Content-Disposition: {disposition}", *head] if language != "C#" else [
            *head, f"Content-Disposition: {disposition}"
        ]  # fmt: skip
        head += [f"Content-Length: {len(content)}"] if language == "Java" else []
        lines += ["\r\n".join(head).encode(), b"", content]
    return b"\r\n".join([*lines, f"--{BOUNDARY[language]}--".encode(), b""])
