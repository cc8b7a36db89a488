"""Endpoints: every call of Deskie's API, as the simulator's routes print it, and the method of a desk that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_API: Final = "desk.vendor_api"
_OLD: Final = "out of scope: an older name of the call beside it"

_CASES: Final = {
    "GET /api/cases.json": f"desk.tickets.list, {_API}.cases.page",
    "POST /api/cases.json": f"desk.tickets.create, {_API}.cases.create",
    "GET /api/cases/<ident>.json": f"desk.tickets.get, {_API}.cases.get",
    "PUT /api/cases/<ident>.json": f"desk.tickets.update, {_API}.cases.update",
    "GET /api/cases/<ident>/changelog.json": f"{_API}.cases.changelog",
    "PUT /api/cases/<ident>/rate.json": f"{_API}.cases.rate",
    "PUT /api/cases/<idents>/trash.json": f"{_API}.cases.trash, {_API}.cases.trash_several",
    "PUT /api/cases/<idents>/spam.json": f"{_API}.cases.spam, {_API}.cases.spam_several",
    "PUT /api/cases/<idents>/restore.json": f"{_API}.cases.restore, {_API}.cases.restore_several",
    "DELETE /api/cases/<idents>.json": f"{_API}.cases.delete, {_API}.cases.delete_several",
    "PUT /api/cases/<ident>/idea.json": f"{_API}.cases.set_idea",
    "PUT /api/cases/<ident>/idea_official_response.json": f"{_API}.cases.set_official_response",
    "DELETE /api/cases/<ident>/idea_official_response.json": f"{_API}.cases.delete_official_response",
}
_MESSAGES: Final = {
    "GET /api/cases/<ident>/messages.json": f"desk.messages.list, {_API}.messages.page",
    "POST /api/cases/<ident>/messages.json": f"desk.messages.reply, desk.messages.add_from_contact, {_API}.messages.send",
    "PUT /api/cases/<ident>/messages/<int:message_id>.json": f"{_API}.messages.edit",
    "DELETE /api/cases/<ident>/messages/<int:message_id>.json": f"{_API}.messages.delete",
    "PUT /api/cases/<ident>/rate/<int:message_id>.json": f"{_API}.messages.rate",
    "POST /api/cases/<ident>/note.json": f"desk.messages.note, {_API}.messages.add_note",
    "PUT /api/cases/<ident>/note/<int:message_id>.json": f"{_API}.messages.edit_note",
    "DELETE /api/cases/<ident>/note/<int:message_id>.json": f"{_API}.messages.delete_note",
    "POST /api/cases/<ident>/notes.json": _OLD,
    "PUT /api/cases/<ident>/notes/<int:message_id>.json": _OLD,
    "DELETE /api/cases/<ident>/notes/<int:message_id>.json": _OLD,
}
_USERS: Final = {
    "GET /api/users.json": f"desk.contacts.list, desk.contacts.find, {_API}.users.page",
    "POST /api/users.json": f"desk.contacts.create, {_API}.users.create",
    "POST /api/users/identification.json": f"{_API}.users.identification_code",
    "GET /api/users/<int:user_id>.json": f"desk.contacts.get, {_API}.users.get",
    "PUT /api/users/<int:user_id>.json": f"desk.contacts.update, {_API}.users.update",
    "DELETE /api/users/<int:user_id>.json": f"{_API}.users.delete",
    "PUT /api/users/<int:user_id>/block.json": f"{_API}.users.block",
    "PUT /api/users/<int:user_id>/disable.json": f"{_API}.users.disable",
    "PUT /api/users/<int:user_id>/restore.json": f"{_API}.users.restore",
    "PUT /api/users/<int:user_id>/link.json": f"{_API}.users.link",
    "PUT /api/users/<int:user_id>/unlink.json": f"{_API}.users.unlink",
}
_COMPANIES: Final = {
    "GET /api/companies.json": f"desk.companies.list, {_API}.companies.page",
    "POST /api/companies.json": f"{_API}.companies.create",
    "GET /api/companies/<int:company_id>.json": f"{_API}.companies.get",
    "PUT /api/companies/<int:company_id>.json": f"{_API}.companies.update",
    "DELETE /api/companies/<int:company_id>.json": f"{_API}.companies.delete",
    "PUT /api/companies/<int:company_id>/block.json": f"{_API}.companies.block",
    "PUT /api/companies/<int:company_id>/disable.json": f"{_API}.companies.disable",
    "PUT /api/companies/<int:company_id>/restore.json": f"{_API}.companies.restore",
}
_ADMINISTRATION: Final = {
    "GET /api/staff.json": "desk.agents.list",
    "POST /api/staff.json": f"{_API}.staff.create",
    "GET /api/staff/<int:staff_id>.json": f"{_API}.staff.get",
    "PUT /api/staff/<int:staff_id>.json": f"{_API}.staff.update",
    "DELETE /api/staff/<int:staff_id>.json": f"{_API}.staff.delete",
    "PUT /api/staff/<int:staff_id>/disable.json": f"{_API}.staff.disable",
    "PUT /api/staff/<int:staff_id>/enable.json": f"{_API}.staff.enable",
    "GET /api/staff_roles.json": f"{_API}.staff.roles",
    "GET /api/staff_statuses.json": f"{_API}.staff.presences",
    "GET /api/groups.json": "desk.groups.list",
    "POST /api/groups.json": f"{_API}.groups.create",
    "GET /api/groups/<int:group_id>.json": f"{_API}.groups.get",
    "PUT /api/groups/<int:group_id>.json": f"{_API}.groups.update",
    "DELETE /api/groups/<int:group_id>.json": f"{_API}.groups.delete",
    "PUT /api/groups/<int:group_id>/disable.json": f"{_API}.groups.disable",
    "PUT /api/groups/<int:group_id>/enable.json": f"{_API}.groups.enable",
    "GET /api/labels.json": "desk.tags.list",
    "POST /api/labels.json": f"{_API}.labels.create",
    "PUT /api/labels/<int:label_id>.json": f"{_API}.labels.rename",
    "DELETE /api/labels/<int:label_id>.json": f"{_API}.labels.delete",
}
_LISTS: Final = {
    "GET /api/custom_fields.json": "desk.custom_fields.list",
    "GET /api/languages.json": f"{_API}.languages",
    "GET /api/filters.json": f"{_API}.filters",
    "GET /api/custom_channels.json": f"{_API}.custom_channels",
    "GET /api/client_emails.json": f"{_API}.mailboxes",
    "GET /api/macros.json": f"{_API}.macros",
    "GET /attachments/<int:file_id>/<path:name>": "desk.attachments.open",
}


def _knowledge_base(key: str, name: str) -> dict[str, str]:
    entry, calls = f"/api/{key}/<int:entry_id>", f"{_API}.knowledge_base.{name}"
    return {
        f"GET /api/{key}.json": f"{calls}.page",
        f"POST /api/{key}.json": f"{calls}.create",
        f"GET {entry}.json": f"{calls}.get",
        f"PUT {entry}.json": f"{calls}.update",
        f"DELETE {entry}.json": f"{calls}.delete",
        f"PUT {entry}/enable.json": f"{calls}.enable",
        f"PUT {entry}/disable.json": f"{calls}.disable",
        f"PUT {entry}/moveup.json": f"{calls}.move_up",
        f"PUT {entry}/movedown.json": f"{calls}.move_down",
    }


_IDEAS: Final = {
    "GET /api/ideas_category.json": f"{_API}.idea_categories.page",
    "POST /api/ideas_category.json": f"{_API}.idea_categories.create",
    "GET /api/ideas_category/<int:category_id>.json": f"{_API}.idea_categories.get",
    "PUT /api/ideas_category/<int:category_id>.json": f"{_API}.idea_categories.update",
    "DELETE /api/ideas_category/<int:category_id>.json": f"{_API}.idea_categories.delete",
    "PUT /api/ideas_category/<int:category_id>/enable.json": f"{_API}.idea_categories.enable",
    "PUT /api/ideas_category/<int:category_id>/disable.json": f"{_API}.idea_categories.disable",
}
_STATISTICS: Final = {
    "GET /api/stats_satisfaction.json": f"{_API}.statistics.ratings",
    "GET /api/stats_leaderboard.json": f"{_API}.statistics.leaderboard",
    "GET /api/stats_lb_staff.json": _OLD,
    "GET /api/stats_lb_groups.json": _OLD,
}
CALLS: Final[Mapping[str, str]] = {
    **_CASES,
    **_MESSAGES,
    **_USERS,
    **_COMPANIES,
    **_ADMINISTRATION,
    **_LISTS,
    **_knowledge_base("kb_category", "categories"),
    **_knowledge_base("kb_section", "sections"),
    **_knowledge_base("kb_article", "articles"),
    **_IDEAS,
    **_STATISTICS,
}
