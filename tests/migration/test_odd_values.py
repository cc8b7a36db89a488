"""Whatever single value of a row is odd: its neighbours are listed, and a migration accounts for every record."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from migration.simulators import SCALES, served, settings_for
from odd_documents import OddRows, by_chance, without_id

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.testing.simulator.server import SimulatorServer

FEW = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
EVERYTHING = {"spam", "deleted", "merged", "custom_fields"}
KINDS = {"deskie": ("case", "user", "message"), "desk365": ("tickets", "content", "conversations")}
VENDORS = pytest.mark.parametrize("vendor", KINDS)
seeds = st.integers(0, 2**32)


@contextmanager
def odd_desk(vendor, choose, tickets=14):
    scale = SCALES[vendor]
    simulator = import_module(f"helpdesk_bridge_{vendor}.simulator").create(generate(tickets, 5), time_scale=scale)
    odd = OddRows(simulator, choose)
    with SimulatorServer(odd) as server:
        desk = open_desk({"vendor": vendor, **settings_for(simulator, server.url, scale)}, name=vendor)
        with desk:
            yield desk, odd


@pytest.fixture(scope="module", params=KINDS)
def ids(request):
    with odd_desk(request.param, lambda *_: None) as (desk, _):
        tickets = [ticket.id for ticket in desk.tickets.list(include=EVERYTHING)]
        contacts = [contact.id for contact in desk.contacts.list(include={"blocked", "deleted", "custom_fields"})]
    return request.param, set(tickets), set(contacts)


@FEW
@given(seed=seeds)
def test_listings_never_lose_a_neighbour(ids, seed):
    vendor, tickets, contacts = ids
    with odd_desk(vendor, by_chance(seed)) as (desk, odd):
        for order in ("created", "-created", "-updated"):
            assert {ticket.id for ticket in desk.tickets.list(include=EVERYTHING, order=order)} == (
                tickets - without_id(odd.spoiled, KINDS[vendor][0])
            )
        assert {contact.id for contact in desk.contacts.list(include={"blocked", "deleted"})} == (
            contacts - without_id(odd.spoiled, KINDS[vendor][1])
        )
        assert len(desk.unread_rows("ticket")) == len(without_id(odd.spoiled, KINDS[vendor][0]))
        assert len(desk.unread_rows("contact")) == len(without_id(odd.spoiled, KINDS[vendor][1]))


@pytest.mark.slow
@settings(FEW, max_examples=2)
@given(seed=seeds)
@example(seed=199)  # the only customer of a ticket loses the address
@pytest.mark.parametrize("pair", [("deskie", "desk365"), ("desk365", "deskie")], ids="-".join)
def test_a_migration_of_odd_rows_ends_with_each_record_accounted_for(tmp_path_factory, pair, seed):
    path = tmp_path_factory.mktemp("odd") / "journal"
    with odd_desk(pair[0], by_chance(seed), 8) as (old, odd), served(pair[1], 0) as new:
        with Migration(old, new.desk, path, options=Options(yes=True)) as migration:
            summary = migration.migrate()
        counts = {kind: summary.counts[kind] for kind in summary.counts}
        for counted in counts.values():
            assert counted.pending == counted.in_doubt == 0
            assert counted.planned == counted.migrated + counted.skipped + counted.failed
        tickets, contacts, _ = KINDS[pair[0]]
        by_name = {kind.value: counted for kind, counted in counts.items()}
        assert by_name["ticket"].failed >= len(without_id(odd.spoiled, tickets))
        assert by_name["contact"].failed >= len(without_id(odd.spoiled, contacts))
        assert [(one.field, one.expected, one.found) for one in summary.differences] == []
