"""Every call of Deskie's API is in the table, is served by the simulator, and is really made by what the table names."""

from __future__ import annotations

from operator import attrgetter

import pytest
from adapters.deskie.simulated import dataset, ticket

from helpdesk_bridge import ContactChange, ContactDraft, MessageDraft, TicketChange, TicketDraft, Upload
from helpdesk_bridge_deskie.endpoints import CALLS
from helpdesk_bridge_deskie.simulator import DeskieSimulator

OUT = "out of scope"
ROUTES = {f"{route.method} {route.rule}": route for route in DeskieSimulator.routes() if not route.admin}

NAMED = [(rule, call) for rule, calls in CALLS.items() if not calls.startswith(OUT) for call in calls.split(", ")]

# The vendor's calls, as its documents and its customers' clients have them; `{id}` stands for any one id.
KNOWN = """
POST GET /api/cases.json
GET PUT DELETE /api/cases/{id}.json
GET /api/cases/{id}/changelog.json
PUT /api/cases/{id}/rate.json /api/cases/{id}/trash.json /api/cases/{id}/spam.json /api/cases/{id}/restore.json
PUT /api/cases/{id}/idea.json
PUT DELETE /api/cases/{id}/idea_official_response.json
GET POST /api/cases/{id}/messages.json
PUT DELETE /api/cases/{id}/messages/{id}.json
PUT /api/cases/{id}/rate/{id}.json
POST /api/cases/{id}/note.json
PUT DELETE /api/cases/{id}/note/{id}.json
POST GET /api/users.json
GET PUT DELETE /api/users/{id}.json
PUT /api/users/{id}/disable.json /api/users/{id}/block.json /api/users/{id}/restore.json
PUT /api/users/{id}/link.json /api/users/{id}/unlink.json
POST /api/users/identification.json
POST GET /api/companies.json
GET PUT DELETE /api/companies/{id}.json
PUT /api/companies/{id}/block.json /api/companies/{id}/disable.json /api/companies/{id}/restore.json
POST GET /api/staff.json
GET PUT DELETE /api/staff/{id}.json
PUT /api/staff/{id}/disable.json /api/staff/{id}/enable.json
GET /api/staff_roles.json /api/staff_statuses.json
POST GET /api/groups.json
GET PUT DELETE /api/groups/{id}.json
PUT /api/groups/{id}/disable.json /api/groups/{id}/enable.json
POST GET /api/labels.json
PUT DELETE /api/labels/{id}.json
GET /api/custom_fields.json /api/languages.json /api/filters.json /api/custom_channels.json /api/client_emails.json
GET /api/macros.json
POST GET /api/kb_category.json /api/kb_section.json /api/kb_article.json
GET PUT DELETE /api/kb_category/{id}.json /api/kb_section/{id}.json /api/kb_article/{id}.json
PUT /api/kb_category/{id}/enable.json /api/kb_category/{id}/disable.json
PUT /api/kb_category/{id}/moveup.json /api/kb_category/{id}/movedown.json
PUT /api/kb_section/{id}/enable.json /api/kb_section/{id}/disable.json
PUT /api/kb_section/{id}/moveup.json /api/kb_section/{id}/movedown.json
PUT /api/kb_article/{id}/enable.json /api/kb_article/{id}/disable.json
PUT /api/kb_article/{id}/moveup.json /api/kb_article/{id}/movedown.json
POST GET /api/ideas_category.json
GET PUT DELETE /api/ideas_category/{id}.json
PUT /api/ideas_category/{id}/enable.json /api/ideas_category/{id}/disable.json
GET /api/stats_leaderboard.json /api/stats_satisfaction.json
"""


def known():
    for line in KNOWN.split("\n"):
        words = line.split()
        for path in (word for word in words if word.startswith("/")):
            yield from ((method, path) for method in words if not method.startswith("/"))


@pytest.fixture(scope="module")
def table():
    return DeskieSimulator(dataset())._table


def rule_of(table, method, path):
    route = table.match(method, path).route
    return None if route is None else f"{route.method} {route.rule}"


@pytest.mark.parametrize(("method", "path"), list(known()))
def test_every_call_of_the_vendor_has_a_route_with_its_source_and_an_entry(table, method, path):
    rule = rule_of(table, method, path.replace("{id}", "7"))
    assert rule in ROUTES
    assert ROUTES[rule].source
    assert not CALLS[rule].startswith(OUT)


def test_routes_and_entries_are_the_same():
    assert ROUTES.keys() == CALLS.keys()
    assert all(value.startswith(("desk.", f"{OUT}: ")) for value in CALLS.values())


def test_every_call_resolves_on_an_open_desk(opened):
    desk, _ = opened
    for call in {call for _, call in NAMED}:
        assert callable(attrgetter(call.removeprefix("desk."))(desk)), call


@pytest.fixture
def opened(in_process_account):
    with in_process_account(dataset(ticket("wish", channel="idea"))) as (desk, app):
        yield desk, app


class Records:
    """Ids of records to call with, made as they are needed."""

    def __init__(self, desk, app):
        self.desk, self.api = desk, desk.vendor_api
        self.case = app.seeded.cases["main"]
        self.idea = app.seeded.cases["wish"]
        self.user, self.other = app.seeded.users["ann"], app.seeded.users["joann"]
        self.agent, self.heir = app.seeded.staff["rob"], app.seeded.staff["meg"]
        self.group = app.seeded.groups["Sales"]
        self.label = app.seeded.labels["vip"]
        thread = app.account.messages[self.case]
        self.reply = next(message.message_id for message in thread if message.staff_id and not message.note)
        self.note = next(message.message_id for message in thread if message.note)

    @property
    def company(self):
        return self.api.companies.page().items[0].company_id

    @property
    def category(self):
        return self.api.knowledge_base.categories.create("General").category_id

    @property
    def section(self):
        return self.api.knowledge_base.sections.create(self.category, "Start").section_id

    @property
    def article(self):
        return self.api.knowledge_base.articles.create([self.section], "Hello", "<p>x</p>").article_id

    @property
    def idea_category(self):
        return self.api.idea_categories.create("Wishes").category_id


MADE = {
    "desk.tickets.list": lambda d, r: list(d.tickets.list(resolve=False)),
    "desk.tickets.create": lambda d, r: d.tickets.create(TicketDraft(subject="s", description="d", requester="n@x.io")),
    "desk.tickets.get": lambda d, r: d.tickets.get(str(r.case)),
    "desk.tickets.update": lambda d, r: d.tickets.update(str(r.case), TicketChange(subject="new")),
    "desk.messages.list": lambda d, r: list(d.messages.list(str(r.case), resolve=False)),
    "desk.messages.reply": lambda d, r: d.messages.reply(str(r.case), MessageDraft(body="x")),
    "desk.messages.note": lambda d, r: d.messages.note(str(r.case), MessageDraft(body="x")),
    "desk.messages.add_from_contact": lambda d, r: d.messages.add_from_contact(str(r.case), MessageDraft(body="x"), str(r.user)),
    "desk.contacts.list": lambda d, r: list(d.contacts.list()),
    "desk.contacts.find": lambda d, r: d.contacts.find(email="ann@x.io"),
    "desk.contacts.create": lambda d, r: d.contacts.create(ContactDraft(emails=("fresh@x.io",))),
    "desk.contacts.get": lambda d, r: d.contacts.get(str(r.user)),
    "desk.contacts.update": lambda d, r: d.contacts.update(str(r.user), ContactChange(name="New")),
    "desk.companies.list": lambda d, r: d.companies.list(),
    "desk.agents.list": lambda d, r: d.agents.list(),
    "desk.groups.list": lambda d, r: d.groups.list(),
    "desk.tags.list": lambda d, r: d.tags.list(),
    "desk.custom_fields.list": lambda d, r: d.custom_fields.list(),
    "cases.page": lambda a, r: a.cases.page(),
    "cases.create": lambda a, r: a.cases.create(subject="s", body="b", user_phone="+49 30 1"),
    "cases.get": lambda a, r: a.cases.get(r.case),
    "cases.update": lambda a, r: a.cases.update(r.case, language_id=3),
    "cases.trash": lambda a, r: a.cases.trash(r.case),
    "cases.spam": lambda a, r: a.cases.spam(r.case),
    "cases.restore": lambda a, r: a.cases.restore(r.case),
    "cases.delete": lambda a, r: a.cases.delete(r.case),
    "messages.page": lambda a, r: a.messages.page(r.case),
    "messages.send": lambda a, r: a.messages.send(r.case, "x", user_id=r.user),
    "messages.add_note": lambda a, r: a.messages.add_note(r.case, "x"),
    "users.page": lambda a, r: a.users.page(company_ids=[1]),
    "users.create": lambda a, r: a.users.create(user_phone="+49 30 1"),
    "users.get": lambda a, r: a.users.get(r.user),
    "users.update": lambda a, r: a.users.update(r.user, user_note="x"),
    "companies.page": lambda a, r: a.companies.page(),
    "cases.changelog": lambda a, r: a.cases.changelog(r.case),
    "cases.rate": lambda a, r: a.cases.rate(r.case, "high", comment="Fine", rated_staff_id=r.heir),
    "cases.trash_several": lambda a, r: a.cases.trash_several([r.case, r.idea]),
    "cases.spam_several": lambda a, r: a.cases.spam_several([r.case]),
    "cases.restore_several": lambda a, r: a.cases.restore_several([r.case, r.idea]),
    "cases.delete_several": lambda a, r: a.cases.delete_several([r.case, r.idea]),
    "cases.set_idea": lambda a, r: a.cases.set_idea(r.idea, content="More", stage="planned"),
    "cases.set_official_response": lambda a, r: a.cases.set_official_response(r.idea, "Soon"),
    "cases.delete_official_response": lambda a, r: a.cases.delete_official_response(r.idea),
    "messages.edit": lambda a, r: a.messages.edit(r.case, r.reply, "changed"),
    "messages.delete": lambda a, r: a.messages.delete(r.case, r.reply),
    "messages.rate": lambda a, r: a.messages.rate(r.case, r.reply, "low", comment="Slow"),
    "messages.edit_note": lambda a, r: a.messages.edit_note(r.case, r.note, "changed"),
    "messages.delete_note": lambda a, r: a.messages.delete_note(r.case, r.note),
    "users.identification_code": lambda a, r: a.users.identification_code(user_email="ann@x.io"),
    "users.delete": lambda a, r: a.users.delete(r.user),
    "users.block": lambda a, r: a.users.block(r.user),
    "users.disable": lambda a, r: a.users.disable(r.user),
    "users.restore": lambda a, r: a.users.restore(r.user),
    "users.link": lambda a, r: a.users.link(r.user, to_user_id=r.other),
    "users.unlink": lambda a, r: a.users.unlink(r.user, from_user_id=r.other),
    "companies.create": lambda a, r: a.companies.create("New", company_domains=["new.io"], company_users=[r.user]),
    "companies.get": lambda a, r: a.companies.get(r.company),
    "companies.update": lambda a, r: a.companies.update(r.company, add_company_domains=["more.io"]),
    "companies.delete": lambda a, r: a.companies.delete(r.company),
    "companies.block": lambda a, r: a.companies.block(r.company),
    "companies.disable": lambda a, r: a.companies.disable(r.company),
    "companies.restore": lambda a, r: a.companies.restore(r.company),
    "staff.create": lambda a, r: a.staff.create("new@robotsrule.example", staff_full_name="New"),
    "staff.get": lambda a, r: a.staff.get(r.agent),
    "staff.update": lambda a, r: a.staff.update(r.agent, staff_signature="Bye"),
    "staff.delete": lambda a, r: a.staff.delete(r.agent, replace_staff_id=r.heir),
    "staff.disable": lambda a, r: a.staff.disable(r.agent, replace_staff_id=r.heir),
    "staff.enable": lambda a, r: a.staff.enable(r.agent),
    "staff.roles": lambda a, r: a.staff.roles(),
    "staff.presences": lambda a, r: a.staff.presences(),
    "groups.create": lambda a, r: a.groups.create("Night", group_from_name="Night shift"),
    "groups.get": lambda a, r: a.groups.get(r.group),
    "groups.update": lambda a, r: a.groups.update(r.group, group_signature="Bye"),
    "groups.delete": lambda a, r: a.groups.delete(r.group, replace_group_id=1),
    "groups.disable": lambda a, r: a.groups.disable(r.group, replace_group_id=1),
    "groups.enable": lambda a, r: a.groups.enable(r.group),
    "labels.create": lambda a, r: a.labels.create("fresh"),
    "labels.rename": lambda a, r: a.labels.rename(r.label, "renamed"),
    "labels.delete": lambda a, r: a.labels.delete(r.label),
    "languages": lambda a, r: a.languages(),
    "filters": lambda a, r: a.filters(),
    "custom_channels": lambda a, r: a.custom_channels(),
    "mailboxes": lambda a, r: a.mailboxes(),
    "macros": lambda a, r: a.macros(),
    "statistics.ratings": lambda a, r: a.statistics.ratings(period="last_year"),
    "statistics.leaderboard": lambda a, r: a.statistics.leaderboard(period="today"),
    "idea_categories.page": lambda a, r: a.idea_categories.page(),
    "idea_categories.create": lambda a, r: a.idea_categories.create("Wishes", category_default_group=r.group),
    "idea_categories.get": lambda a, r: a.idea_categories.get(r.idea_category),
    "idea_categories.update": lambda a, r: a.idea_categories.update(r.idea_category, category_title="Hopes"),
    "idea_categories.delete": lambda a, r: a.idea_categories.delete(r.idea_category),
    "idea_categories.enable": lambda a, r: a.idea_categories.enable(r.idea_category),
    "idea_categories.disable": lambda a, r: a.idea_categories.disable(r.idea_category),
    "knowledge_base.categories.page": lambda a, r: a.knowledge_base.categories.page(),
    "knowledge_base.categories.create": lambda a, r: a.knowledge_base.categories.create("General"),
    "knowledge_base.categories.update": lambda a, r: a.knowledge_base.categories.update(r.category, category_title="x"),
    "knowledge_base.sections.page": lambda a, r: a.knowledge_base.sections.page(r.category),
    "knowledge_base.sections.create": lambda a, r: a.knowledge_base.sections.create(r.category, "Start"),
    "knowledge_base.sections.update": lambda a, r: a.knowledge_base.sections.update(r.section, section_title="x"),
    "knowledge_base.articles.page": lambda a, r: a.knowledge_base.articles.page(),
    "knowledge_base.articles.create": lambda a, r: a.knowledge_base.articles.create([r.section], "Hello", "<p>x</p>"),
    "knowledge_base.articles.update": lambda a, r: a.knowledge_base.articles.update(r.article, access_type="staff_only"),
}  # fmt: skip
KINDS = {"categories": "category", "sections": "section", "articles": "article"}


def made(call):
    name = call.removeprefix("desk.vendor_api.")
    if call in MADE or name in MADE:
        return MADE.get(call) or MADE[name]
    _, kind, method = name.split(".")
    return lambda api, records: getattr(getattr(api.knowledge_base, kind), method)(getattr(records, KINDS[kind]))


@pytest.mark.parametrize(("rule", "call"), [pair for pair in NAMED if pair[1] != "desk.attachments.open"])
def test_the_call_that_the_table_names_uses_the_route(opened, table, rule, call):
    desk, app = opened
    records = Records(desk, app)
    made(call)(desk.vendor_api if "vendor_api" in call else desk, records)
    asked = [request for request in app.requests.snapshot() if request.status < 300]
    assert rule in {rule_of(table, request.method, request.path) for request in asked}
    if "vendor_api" in call:
        assert rule == rule_of(table, asked[-1].method, asked[-1].path)


def test_attachments_use_the_route_of_files(opened, table):
    desk, app = opened
    files = (Upload.from_bytes("a.txt", b"text"),)
    ticket_ = desk.tickets.create(TicketDraft(subject="s", description="d", requester="n@x.io", attachments=files))
    (file,) = desk.tickets.get(ticket_.id).attachments
    with desk.attachments.open(file) as stream:
        assert stream.read() == b"text"
    last = app.requests.snapshot()[-1]
    assert CALLS[rule_of(table, last.method, last.path)] == "desk.attachments.open"
