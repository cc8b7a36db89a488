"""Endpoints: which call of the library makes which call of Desk365's API; the source of the table in the docs.

The keys are the routes of the simulator (``helpdesk-bridge simulate desk365 --routes``), which also shows how
each is known. Calls of the common port come before those of ``desk.vendor_api``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CALLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "GET /apis/v3/ping": "desk.vendor_api.ping",
        "GET /apis/v3/tickets": "desk.tickets.list, desk.vendor_api.tickets",
        "GET /apis/v3/tickets/details": "desk.tickets.get, desk.vendor_api.ticket",
        "GET /apis/v3/tickets/conversations": "desk.messages.list, desk.vendor_api.conversation",
        "GET /apis/v3/tickets/search": "desk.vendor_api.search_tickets, desk.vendor_api.search_terms",
        "POST /apis/v3/tickets/create": "desk.tickets.create, desk.vendor_api.create_ticket",
        "POST /apis/v3/tickets/create_with_attachment": "desk.tickets.create, desk.vendor_api.create_ticket",
        "PUT /apis/v3/tickets/update": "desk.tickets.update, desk.vendor_api.update_ticket",
        "POST /apis/v3/tickets/add_reply": "desk.messages.reply, desk.vendor_api.reply",
        "POST /apis/v3/tickets/add_reply_with_attachment": "desk.messages.reply, desk.vendor_api.reply",
        "POST /apis/v3/tickets/add_note": "desk.messages.note, desk.vendor_api.note, desk.vendor_api.public_note",
        "POST /apis/v3/tickets/add_note_with_attachment": "desk.messages.note, desk.vendor_api.note, desk.vendor_api.public_note",
        "GET /apis/v3/contacts": "desk.contacts.list, desk.vendor_api.contacts",
        "GET /apis/v3/contacts/details": "desk.contacts.get, desk.contacts.find, desk.vendor_api.contact",
        "POST /apis/v3/contacts/create": "desk.contacts.create, desk.vendor_api.create_contact",
        "PUT /apis/v3/contacts/update": "desk.contacts.update, desk.vendor_api.update_contact",
        "GET /apis/v3/companies": "desk.companies.list",
        "GET /apis/v3/companies/details": "desk.vendor_api.company",
        "POST /apis/v3/companies/create": "desk.vendor_api.create_company",
        "PUT /apis/v3/companies/update": "desk.vendor_api.update_company",
        "GET /apis/v3/time_entries": "desk.vendor_api.time_entries",
        "GET /apis/v3/time_entries/details": "desk.vendor_api.time_entry",
        "GET /apis/v3/surveys": "desk.vendor_api.surveys",
        "GET /apis/v3/surveys/details": "desk.vendor_api.survey",
        "GET /apis/v3/surveys/ratings": "desk.vendor_api.survey_ratings",
        "GET /apis/v3/kb/article": "desk.vendor_api.articles",
        "GET /apis/v3/kb/article/": "desk.vendor_api.articles",
        "GET /apis/v3/kb/article/details": "desk.vendor_api.article",
        "POST /apis/v3/kb/article/create": "desk.vendor_api.create_article",
        "PUT /apis/v3/kb/article/update": "desk.vendor_api.update_article",
        "DELETE /apis/v3/kb/article/delete": "desk.vendor_api.delete_article",
        "GET /apis/v3/kb/folder/details": "desk.vendor_api.folder",
        "POST /apis/v3/kb/folder/create": "desk.vendor_api.create_folder",
        "PUT /apis/v3/kb/folder/update": "desk.vendor_api.rename_folder",
        "DELETE /apis/v3/kb/folder/delete": "desk.vendor_api.delete_folder",
        "GET /apis/v3/kb/category/details": "desk.vendor_api.category",
        "POST /apis/v3/kb/category/create": "desk.vendor_api.create_category",
        "PUT /apis/v3/kb/category/update": "desk.vendor_api.update_category",
        "DELETE /apis/v3/kb/category/delete": "desk.vendor_api.delete_category",
        "GET /apis/v3/contracts": "desk.vendor_api.contracts",
        "GET /apis/v3/contracts/details": "desk.vendor_api.contract",
        "POST /apis/v3/contracts/create": "desk.vendor_api.create_contract",
        "PUT /apis/v3/contracts/update": "desk.vendor_api.update_contract",
        "GET /apis/v3/agents": "desk.agents.list, desk.vendor_api.agents",
        "GET /apis/v3/asset_mgmt/locations": "desk.vendor_api.asset_locations",
        "GET /apis/v3/asset_mgmt/locations/details": "desk.vendor_api.asset_location",
        "GET /files/<key>/<path:name>": "desk.attachments.open",
        "GET /d365-inline-imgs/<key>/<path:name>": "desk.attachments.open",
    }
)
"""Each route and its calls.

Left out, and without a route, is what the papers put out of scope: the Power Automate connector on the old host.
"""
