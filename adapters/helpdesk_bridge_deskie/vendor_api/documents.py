"""Documents of the calls that the common port lacks, and the further fields of cases and messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from helpdesk_bridge_deskie.wire.documents import CaseDocument, Fields, MessageDocument, Minutes


@frozen(kw_only=True)
class Idea:
    """What a case of the channel `idea` holds (observed); ``stage``: waiting, planned, in_progress, finished."""

    content: str | None = field(default=None, repr=False)
    stage: str | None = None
    category: int | None = None
    official_response: str | None = field(default=None, repr=False)
    official_response_tstamp: int | None = None


# attrs freezes what it inherits, too, which pyright does not know.
@frozen(kw_only=True)  # pyright: ignore[reportGeneralTypeIssues]
class Case(CaseDocument):
    """A case with all of Deskie's fields; ``closing_speed`` in minutes."""

    recipient: str | None = field(default=None, repr=False)
    recipient_bcc: str | None = field(default=None, repr=False)
    bcc_emails: str | None = field(default=None, repr=False)
    last_response_at: datetime | None = None
    closing_speed: Minutes | None = None
    language_id: int | None = None
    locked_labels: tuple[int, ...] | None = None
    rated_staff_id: int | None = None
    idea: Idea | None = None


@frozen(kw_only=True)
class ReplyOrNote(MessageDocument):
    """A message or a note with all of Deskie's fields; ``sent_at`` is later if it was deferred.

    ``is_viewed`` is in live answers (observed); whose eyes it means is known from no source.
    """

    sent_at: datetime | None = None
    is_viewed: bool | None = None
    rating: str | None = None
    rating_comment: str | None = field(default=None, repr=False)
    rated_staff_id: int | None = None


@frozen(kw_only=True)
class Change:
    """One line of a case's changelog (observed): all values are texts, "0" is none, ``done_by`` as `staff_330`."""

    created_at: datetime | None = None
    event: str | None = None
    done_by: str | None = None
    old_value: str | None = field(default=None, repr=False)
    value: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Role:
    """A role: the rights of an agent under a name."""

    role_id: int
    role: str | None = None


@frozen(kw_only=True)
class Presence:
    """A presence status of agents."""

    status_id: int
    status: str | None = None
    active: bool | None = None


@frozen(kw_only=True)
class CustomChannel:
    """A custom channel; cases name it by ``channel_api_key``, such as `cch1`."""

    channel_id: int
    channel_api_key: str | None = None
    title: str | None = None
    channel_type: str | None = None
    icon: str | None = None
    webhook_url: str | None = field(default=None, repr=False)
    active: bool | None = None


@frozen(kw_only=True)
class Mailbox:
    """An e-mail address of the account at which customers write."""

    email_id: int
    email: str | None = None
    active: bool | None = None


@frozen(kw_only=True)
class Language:
    """A language of the account."""

    language_id: int
    code: str | None = None
    title: str | None = None
    active: bool | None = None


@frozen(kw_only=True)
class SavedFilter:
    """A saved filter of the calling agent; the system's own has the id 0, or none (observed)."""

    filter_id: int | str | None = None
    filter_name: str | None = None
    isSelected: bool | None = None  # noqa: N815 - the name on the wire
    isCustom: bool | None = None  # noqa: N815 - the name on the wire


@frozen(kw_only=True)
class MacroAction:
    """One thing that a macro does; ``action_destination`` is a text or a map (observed)."""

    macro_action_id: int | None = None
    action_type: str | None = None
    action_display_name: str | None = None
    action_destination: Any = None
    content: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)
    position: int | None = None


@frozen(kw_only=True)
class Macro:
    """A macro. ``branch`` is common or personal; ``category`` and ``category_id`` are those of its branch."""

    id: str
    branch: str
    title: str | None = None
    category: str | None = None
    category_id: int | None = None
    group_name: str | None = None
    position: int | None = None
    actions: tuple[MacroAction, ...] = ()


@frozen(kw_only=True)
class Category:
    """A category of the knowledge base. With ``language_id=all`` the title is a map by language (observed)."""

    category_id: int
    category_title: str | Mapping[str, str] | None = None
    active: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class Section:
    """A section of the knowledge base."""

    section_id: int
    category_id: int | None = None
    section_title: str | Mapping[str, str] | None = None
    section_description: str | Mapping[str, str] | None = field(default=None, repr=False)
    active: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class Article:
    """An article of the knowledge base; ``section_id_arr`` has all its sections, ``access_type`` public or staff_only."""

    article_id: int
    section_id: int | None = None
    section_id_arr: tuple[int, ...] | None = None
    article_title: str | Mapping[str, str] | None = None
    article_content: str | Mapping[str, str] | None = field(default=None, repr=False)
    article_tags: str | Mapping[str, str] | None = None
    access_type: str | None = None
    active: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class IdeaCategory:
    """A category of ideas; ``category_default_group`` is a group's id."""

    category_id: int
    category_title: str | None = None
    category_default_group: int | None = None
    active: bool | None = None


@frozen(kw_only=True)
class StaffFigures:
    """An agent's row of the leaderboard (observed). ``figures`` has all of Deskie's figures, by Deskie's names."""

    staff_id: int
    staff_name: str | None = None
    new_cases_in_total: int | None = None
    figures: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class GivenRating:
    """A rating that a customer gave (observed): ``rating`` is "1", "2" or "3", for low, middle and high (assumed)."""

    rating_id: int
    rating: str | None = None
    rating_comment: str | None = field(default=None, repr=False)
    rated_staff_id: int | None = None
    case_id: int | None = None
    case_number: str | None = None
    user_id: int | None = None
    staff_id: int | None = None
    group_id: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


__all__ = [
    "Article", "Case", "Category", "Change", "CustomChannel", "Fields", "GivenRating", "Idea", "IdeaCategory", "Language", "Macro",
    "MacroAction", "Mailbox", "Presence", "ReplyOrNote", "Role", "SavedFilter", "Section",
]  # fmt: skip
