"""Message templates of the account: the template in the vendor's paper, and made-up templates of other kinds."""

# The Turkish letter without a dot is meant.
# ruff: noqa: RUF001
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from helpdesk_bridge.datasets.dataset import SeedTemplate

PRINTED_ID: Final = 75
_LANGUAGES: Final = {1: "English", 2: "Türkçe", 3: "Deutsch"}
"""documented: Desk360 API, "English" and "Türkçe", 1 and 2; assumed: 3."""
_STATUSES: Final = {1: "template-messages.in-review", 2: "template-messages.active", 3: "template-messages.rejected"}
"""documented: Desk360 API, "template-messages.in-review" and "template-messages.active", 1 and 2; assumed: 3."""
IN_REVIEW: Final = 1
ACTIVE: Final = 2
REJECTED: Final = 3
_STATUS_OF: Final = {"in_review": IN_REVIEW, "active": ACTIVE, "rejected": REJECTED}
_TEXT_HEADER: Final = {"value": 4, "label": "TEXT"}
_IMAGE_HEADER: Final = {"value": 1, "label": "IMAGE"}
"""assumed: only the header type TEXT with the value 4 is printed."""
_PLACEHOLDER: Final = re.compile(r"\{\{([0-9]+)\}\}")
_CATEGORY: Final = {
    "value": 2,
    "label": "template-messages.new.custom",
    "subLabel": "template-messages.new.custom-subtitle",
    "status": 1,
    "children": [],
}
_CREATED: Final = "2024-05-30T12:14:28.000000Z"
_UPDATED: Final = "2024-05-31T06:33:30.000000Z"
_TURKISH_BODY: Final = (
    "Merhaba {{1}}, Sipariş takip numaranız: {{2}} Bu takip numarası ile siparişinizin durumunu sorgulayabilirsiniz."
)


def templates(count: int) -> dict[int, Mapping[str, Any]]:
    """Return ``count`` templates in wire form by id: first those of a kind of their own, then as many notices."""
    made = [*_kinds(), *(_notice(PRINTED_ID + 100 + number) for number in range(count))]
    return {template["id"]: template for template in made[:count]}


def own_template(template_id: int) -> dict[int, Mapping[str, Any]]:
    """Return the single template of another integration."""
    return {template_id: _notice(template_id)}


def given_templates(seeds: Iterable[SeedTemplate]) -> dict[int, Mapping[str, Any]]:
    """Return the templates of an account file in wire form; those of one id are its languages."""
    by_id: dict[int, list[SeedTemplate]] = {}
    for seed in seeds:
        by_id.setdefault(seed.id, []).append(seed)
    return {number: _given(number, languages) for number, languages in by_id.items()}


def _given(template_id: int, seeds: list[SeedTemplate]) -> Mapping[str, Any]:
    known = {name: number for number, name in _LANGUAGES.items()}
    translations = [
        _translation(
            known.setdefault(seed.language, max(known.values()) + 1),
            seed.body,
            language_name=seed.language,
            header=seed.header,
            footer=seed.footer,
            buttons=[{"type": "QUICK_REPLY", "text": text} for text in seed.buttons],
            status=_STATUS_OF[seed.status],
        )
        for seed in seeds
    ]
    sendable = any(seed.status == "active" for seed in seeds)
    return _template(template_id, seeds[0].name, *translations, sendable=sendable)


def _kinds() -> Iterable[dict[str, Any]]:
    yield _template(
        PRINTED_ID,
        "template_02",
        _translation(1, "English content test", status=IN_REVIEW),
        _translation(
            2,
            _TURKISH_BODY,
            header="Merhaba {{1}} ,",
            examples={"header-1": "Header 1", "body-1": "Ahmet Kara", "body-2": "SP123456789"},
            updated_at="2024-05-30T12:16:37.000000Z",
        ),
    )
    yield _template(
        76,
        "order_shipped",
        _translation(1, "Hello {{1}}, your order {{2}} is on its way.", examples={"body-1": "Ann", "body-2": "PO-7"}),
        _translation(3, "Hallo {{1}}, Ihre Bestellung {{2}} ist unterwegs.", examples={"body-1": "Ann", "body-2": "7"}),
    )
    yield _template(
        77,
        "photo_offer",
        _translation(1, "Have a look at this.", header_type=_IMAGE_HEADER, footer="Answer STOP to get no more"),
    )
    yield _template(78, "rejected_offer", _translation(1, "Buy now!", status=REJECTED), sendable=False)
    yield _template(
        79,
        "feedback_request",
        _translation(
            1,
            "How did we do, {{1}}?",
            examples={"body-1": "Ann"},
            buttons=[{"type": "QUICK_REPLY", "text": "Well"}, {"type": "QUICK_REPLY", "text": "Badly"}],
        ),
    )


def _notice(template_id: int) -> dict[str, Any]:
    return _template(template_id, f"notice_{template_id:03d}", _translation(1, f"Notice number {template_id}."))


def _template(template_id: int, name: str, *translations: dict[str, Any], sendable: bool = True) -> dict[str, Any]:
    return {
        "id": template_id,
        "name": name,
        "category_editable": False,
        "sendable": sendable,
        "category": _CATEGORY,
        "category_label": _CATEGORY["label"],
        "supported_languages": [
            {"label": translation["language"], "value": translation["language_id"], "filled": True}
            for translation in translations
        ],
        "translations": list(translations),
        "created_at": _CREATED,
        "updated_at": _UPDATED,
    }


def _translation(
    language: int,
    body: str,
    *,
    language_name: str | None = None,
    header: str | None = None,
    header_type: Mapping[str, Any] | None = None,
    footer: str | None = None,
    examples: Mapping[str, str] | None = None,
    buttons: list[dict[str, str]] | None = None,
    status: int = ACTIVE,
    updated_at: str = _UPDATED,
) -> dict[str, Any]:
    given = examples or {}
    return {
        "language_id": language,
        "language": language_name or _LANGUAGES[language],
        "header_type": _TEXT_HEADER if header is not None else header_type,
        "header_variables": _variables("header", header or "", given),
        "header": header,
        "header_file": None,
        "body": body,
        "body_variables": _variables("body", body, given),
        "footer": footer,
        "variables": [
            f"{part}-{key}"
            for part, text in (("header", header or ""), ("body", body))
            for key in _PLACEHOLDER.findall(text)
        ],
        "buttons": buttons or [],
        "editable": True,
        "status": _STATUSES[status],
        "status_value": status,
        "quality": "template-messages.quality-unavailable",
        "updated_at": updated_at,
    }


def _variables(part: str, text: str, examples: Mapping[str, str]) -> list[dict[str, str]] | None:
    keys = _PLACEHOLDER.findall(text)
    return [{"id": "", "key": key, "value": examples.get(f"{part}-{key}", "")} for key in keys] or None
