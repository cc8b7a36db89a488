"""A vendor of a few lines, for tests of what the core does for every vendor."""

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Adapter, Capabilities, Page, QuerySplit, Secret, Sent, Vendor
from helpdesk_bridge.model.capabilities import OPERATIONS, FileLimits
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.model.values import Priority, Status


@frozen(kw_only=True)
class Settings:
    account: str = "acme"
    api_key: Secret = Secret("made-up")  # noqa: RUF009 - frozen


class Stub:
    """Answers from lists; ``calls`` records what reached the vendor's side."""

    def __init__(self, context):
        self.context = context
        self.calls = []
        self.pages = [Page(())]
        self.contact_records = {}
        self.fail = None
        self.split_of = lambda query: QuerySplit(native=query)

    def called(self, *call):
        self.calls.append(call)
        if self.fail is not None:
            raise self.fail

    def split(self, query):
        return self.split_of(query)

    def page(self, native, cursor, size=None):
        self.called("tickets.page", cursor, size)
        return self.pages[int(cursor or 0)]

    def get(self, ticket_id):
        self.called("tickets.get", ticket_id)
        return ticket(ticket_id)

    def create(self, draft, marker=None):
        self.called("tickets.create", draft)
        return ticket("1", subject=draft.subject, custom_fields=dict(draft.custom_fields or {}))

    def update(self, ticket_id, change):
        self.called("tickets.update", ticket_id, change)
        return ticket(ticket_id)


@frozen
class StubContacts:
    stub: Stub

    def split(self, query):
        return QuerySplit(native=query)

    def page(self, native, cursor, size=None):
        self.stub.called("contacts.page", cursor)
        return Page(tuple(self.stub.contact_records.values()))

    def get(self, contact_id):
        self.stub.called("contacts.get", contact_id)
        return self.stub.contact_records[contact_id]

    def find(self, *, email, phone):
        self.stub.called("contacts.find", email, phone)
        return tuple(self.stub.contact_records.values())


@frozen
class StubMessages:
    stub: Stub

    def page(self, ticket_id, cursor):
        self.stub.called("messages.page", ticket_id)
        return Page(())

    def note(self, ticket_id, draft):
        self.stub.called("messages.note", ticket_id, draft)
        return Sent(("1",))

    reply = note


@frozen(kw_only=True, eq=False)
class StubAdapter(Adapter):
    stub: Stub

    def check(self):
        return ()

    def close(self):
        self.stub.calls.append(("close",))


def ticket(ticket_id, **values):
    return Ticket(id=ticket_id, ref=f"stub:acme/ticket/{ticket_id}", **values)


@frozen
class StubVendor:
    """Holds what was opened, the last one last."""

    capabilities: Capabilities
    opened: list = field(factory=list)

    def open(self, settings, context):
        stub = Stub(context)
        self.opened.append(stub)
        return StubAdapter(
            account="acme",
            capabilities=self.capabilities,
            tickets=stub,
            contacts=StubContacts(stub),
            messages=StubMessages(stub),
            vendor_api=stub,
            stub=stub,
        )

    def vendor(self):
        return Vendor(
            name="stub", title="Stub", settings=Settings, account=lambda s: s.account, policy=lambda s: None,
            capabilities=lambda s: self.capabilities, open="stub_vendor:open_stub",
        )  # fmt: skip


FIELDS = frozenset({"status", "priority", "group", "assignee", "tags", "custom_fields", "attachments"})
DEFAULT = Capabilities(
    vendor="stub",
    operations=frozenset(OPERATIONS) - {"messages.add_from_contact", "agents.list", "events"},
    message_fields=frozenset({"attachments", "cc"}),
    ticket_create=FIELDS,
    ticket_update=FIELDS | {"subject"},
    ticket_clear=frozenset({"group"}),
    contact_create=frozenset({"name", "emails"}),
    contact_needs=frozenset({"email"}),
    statuses={Status.OPEN: "Open", Status.CLOSED: "Closed"},
    priorities={Priority.LOW: "Low"},
    subject_limit=10,
    files=FileLimits(count=1, bytes_each=4),
)
current = StubVendor(DEFAULT)


def open_stub(settings, context):
    return current.open(settings, context)


def reset(**changes):
    global current  # noqa: PLW0603 - the dotted name of a vendor needs a module attribute
    current = StubVendor(evolve(DEFAULT, **changes))
    return current
