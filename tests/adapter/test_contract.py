"""What an adapter has to have, and what the desk makes of what it lacks."""

import pytest
import stub_vendor
from attrs import evolve, frozen

from helpdesk_bridge import ConfigError, Unsupported, open_desk
from helpdesk_bridge.adapter import Adapter, is_marker_field
from helpdesk_bridge.config import registry

FACETS = ("agents", "groups", "companies", "tags", "custom_fields", "attachments", "templates", "webhooks", "importer")


@frozen(kw_only=True, eq=False)
class Smallest(Adapter):
    """An adapter with what an adapter must have and nothing else."""

    def check(self):
        return ()


def smallest(settings, context):
    stub = stub_vendor.Stub(context)
    return Smallest(
        account="acme",
        capabilities=stub_vendor.current.capabilities,
        tickets=stub,
        messages=stub_vendor.StubMessages(stub),
    )


def no_adapter(settings, context):
    """What a package returns that was written when an adapter needed to inherit nothing."""
    return stub_vendor.Stub(context)


@pytest.fixture
def opened():
    unregister = []

    def opened(function, **capabilities):
        vendor = stub_vendor.reset(**capabilities).vendor()
        unregister.append(registry.register(evolve(vendor, open=f"{__name__}:{function.__name__}")))
        return open_desk({"vendor": "stub", "account": "acme", "api_key": "k"})

    yield opened
    for each in unregister:
        each()


def test_an_adapter_with_what_it_must_have_opens_and_lacks_every_facet(opened):
    operations = frozenset({"tickets.list", "tickets.get", "messages.list"})
    with opened(smallest, operations=operations) as desk:
        assert list(desk.tickets.list()) == []
        assert (desk.rate_limit, desk.budget, desk.transport, desk.vendor_api) == (None, None, None, None)
        for name in (*FACETS, "removal"):
            facet = getattr(desk, name)
            assert not facet
            with pytest.raises(Unsupported, match=f"Stub has no {name}"):
                facet.list()


def test_a_vendor_without_contacts_refuses_them_in_every_call(opened):
    with opened(smallest, operations=frozenset({"tickets.list"})) as desk:
        for call in (
            lambda: list(desk.contacts.list()),
            lambda: desk.contacts.get("1"),
            lambda: desk.contacts.find(email="ann@x.example"),
            lambda: desk.contacts.explain(None),
        ):
            with pytest.raises(Unsupported):
                call()


def test_a_facet_that_is_declared_and_lacks_says_whose_fault_that_is(opened):
    with opened(smallest, operations=frozenset({"tickets.list", "agents.list"})) as desk:
        assert not desk.agents
        with pytest.raises(Unsupported, match="declares this facet and lacks it"):
            desk.agents.list()


def test_an_adapter_that_inherits_nothing_is_refused_when_the_desk_is_opened(opened):
    with pytest.raises(ConfigError, match=r"Stub.* does not inherit helpdesk_bridge\.adapter\.Adapter"):
        opened(no_adapter)


def test_the_account_may_be_a_function_that_is_called_on_first_use():
    asked = []

    def account():
        asked.append("asked")
        return "acme"

    stub = stub_vendor.Stub(None)
    adapter = Smallest(
        account=account, capabilities=stub_vendor.DEFAULT, tickets=stub, messages=stub_vendor.StubMessages(stub)
    )
    assert asked == []
    assert (adapter.account, asked) == ("acme", ["asked"])


def test_an_adapter_that_cannot_be_checked_cannot_be_made():
    @frozen(kw_only=True, eq=False)
    class Unfinished(Adapter):
        pass

    with pytest.raises(TypeError, match="check"):
        Unfinished(account="acme", capabilities=stub_vendor.DEFAULT, tickets=None, messages=None)


@pytest.mark.parametrize("name", ["Migration marker", "migration MARKER", "migration_marker"])
def test_the_field_for_markers_is_known_by_its_name_and_by_its_alias(name):
    assert is_marker_field(name)
    assert not is_marker_field("Order No")


def test_a_field_that_the_configuration_names_takes_the_place_of_the_usual_one():
    assert is_marker_field("old ref", "Old Ref")
    assert is_marker_field("migration_marker", "Old Ref")
    assert not is_marker_field("Migration marker", "Old Ref")
