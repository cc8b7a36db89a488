"""The asynchronous port is the synchronous one, written anew from its protocols."""

import asyncio
import inspect
import pickle
import threading
from contextlib import ExitStack

import pytest
from aio import async_ports

from helpdesk_bridge import MessageDraft, Missing, Upload, aconnect, aopen_desk, open_desk
from helpdesk_bridge.aio import AsyncDesk
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import ConfigError, HelpdeskError, Invalid, Unsupported
from helpdesk_bridge.http import Attempt
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.running import start_simulator


def local(**keys):
    return aopen_desk(vendor="local", path=":memory:", **keys)


def test_it_is_what_the_protocols_say():
    assert async_ports.MODULE.read_text("utf-8") == async_ports.module(), "run python tests/aio/async_ports.py"


def test_a_desk_has_all_that_a_synchronous_one_has_but_the_vendors_own_calls():
    port = {name for name in dir(Helpdesk) if not name.startswith("_")}
    assert port - set(dir(AsyncDesk)) == {"vendor_api"}
    assert {name for name in dir(AsyncDesk) if not name.startswith("_")} - port == {"run"}


def test_what_waits_is_awaited_and_what_does_not_is_plain():
    async def main():
        async with local(name="support") as desk:
            assert (desk.name, desk.vendor, desk.budget) == ("support", "local", None)
            assert desk.capabilities.supports("tickets.create")
            assert await desk.account == desk.sync.account
            ticket = await desk.tickets.create(subject="Lamp", description="Broken", requester="ann@example.com")
            await desk.messages.note(ticket, "Looks like the fuse.")
            found = await desk.contacts.find(email="ann@example.com")
            assert found.emails == ("ann@example.com",)
            assert [one.visibility.value async for one in desk.messages.list(ticket)] == ["public", "internal"]
            assert await desk.run(lambda sync: sync.vendor_api.outbox) is not None
            assert repr(desk) == "<async <desk support (Local desk)>>"

    asyncio.run(main())


def test_a_listing_is_asked_as_its_records_are():
    async def main():
        async with local() as desk:
            for number in range(3):
                await desk.tickets.create(subject=f"Lamp {number}", description="x", requester="ann@example.com")
            listing = desk.tickets.list(order="created")
            assert [one.subject async for one in listing] == ["Lamp 0", "Lamp 1", "Lamp 2"]
            assert [one.subject async for one in listing] == ["Lamp 0", "Lamp 1", "Lamp 2"]
            assert (await listing.first()).subject == "Lamp 0"
            assert len(await listing.all()) == await listing.count() == 3
            page = await listing.page(size=2)
            assert [one.subject for one in (await listing.page(page.next, size=2)).items] == ["Lamp 2"]
            for wrong in (bool, len, iter):
                with pytest.raises(TypeError, match="await"):
                    wrong(listing)
            with pytest.raises(Invalid, match="order takes"):
                await desk.tickets.list(order="sideways").first()

    asyncio.run(main())


def test_reading_one_record_asks_for_no_more_than_a_synchronous_desk_does():
    def calls(read):
        with ExitStack() as stack:
            running = start_simulator("desk365", stack, SystemClock(), sockets=True, tickets=320)
            read(running.desk)
            return len(running.simulator.requests)

    async def one(desk):
        async for _ in AsyncDesk(desk).tickets.list():
            break

    assert calls(lambda desk: asyncio.run(one(desk))) == calls(lambda desk: next(iter(desk.tickets.list())))


def test_an_iteration_that_was_cancelled_does_not_go_on_as_if_nothing_were_missing():
    with ExitStack() as stack:
        running = start_simulator("desk365", stack, SystemClock(), sockets=True, tickets=320)
        arrived, go = threading.Event(), threading.Event()
        stack.callback(go.set)

        def hold(call):
            arrived.set()
            go.wait(30)

        async def main():
            async with AsyncDesk(running.desk) as desk:
                records = aiter(desk.tickets.list())
                await anext(records)
                running.simulator.before = hold
                rest = asyncio.create_task(_rest(records))
                while not arrived.is_set():  # noqa: ASYNC110 - set by another thread
                    await asyncio.sleep(0.001)
                with pytest.raises(Invalid, match="not shared between tasks"):
                    await anext(records)
                rest.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await rest
                with pytest.raises(HelpdeskError, match="may have lost a record"):
                    await anext(records)
                go.set()

        asyncio.run(main())


async def _rest(records):
    return [record async for record in records]


def test_a_file_is_read_in_pieces_and_closed_whatever_happens():
    content = bytes(range(256)) * 1000

    async def main():
        async with local() as desk:
            ticket = await desk.tickets.create(subject="Lamp", description="x", requester="ann@example.com")
            file = Upload.from_bytes("a.bin", content, "application/octet-stream")
            await desk.messages.note(ticket, MessageDraft(body="See", attachments=(file,)))
            *_, last = await desk.messages.list(ticket).all()
            async with desk.attachments.open(last.attachments[0]) as stream:
                assert await stream.read(10) == content[:10]
                assert b"".join([piece async for piece in stream]) == content[10:]
            with pytest.raises(Invalid, match="async with"):
                await stream.read()

    asyncio.run(main())


def test_a_facet_that_the_vendor_lacks_is_missing_here_too():
    async def main():
        async with local(like="desk365") as desk:
            assert isinstance(desk.tags, Missing)
            with pytest.raises(Unsupported):
                await desk.tags.list()
            assert await desk.agents.list() == ()

    asyncio.run(main())


def test_events_of_the_transport_come_in_the_thread_of_the_loop():
    with ExitStack() as stack:
        running = start_simulator("desk365", stack, SystemClock(), sockets=True)
        seen = []

        async def main():
            async with AsyncDesk(running.desk) as desk:
                end = desk.subscribe(lambda event: seen.append((event, threading.current_thread())))
                await desk.tickets.list().first()
                end()
                await desk.tickets.list().first()
                with pytest.raises(Invalid):
                    desk.subscribe("nothing")

        asyncio.run(main())
    assert [type(event) for event, _ in seen] == [Attempt]
    assert seen[0][1] is threading.main_thread()


def test_the_configuration_is_read_when_the_desk_is_entered_and_can_be_awaited(tmp_path):
    file = tmp_path / "helpdesk.toml"

    async def main():
        opening = aconnect("support", file)
        file.write_text(f'[desks.support]\nvendor = "local"\npath = "{tmp_path / "desk.db"}"\n', "utf-8")
        desk = await opening
        assert await desk.tickets.list().count() == 0
        await desk.close()
        with pytest.raises(ConfigError, match="nobody"):
            async with aconnect("nobody", file):
                pass

    asyncio.run(main())


def test_a_desk_does_not_travel():
    with pytest.raises(Invalid, match="aconnect"):
        pickle.dumps(AsyncDesk(open_desk(vendor="local", path=":memory:")))


def test_every_awaited_call_has_the_parameters_of_the_call_it_stands_for():
    desk = open_desk(vendor="local", path=":memory:")
    awaited = AsyncDesk(desk)
    for name in ("tickets", "contacts", "messages", "attachments", "importer", "removal"):
        ours, theirs = getattr(awaited, name), getattr(desk, name)
        for method in [one for one in dir(type(ours)) if not one.startswith("_")]:
            if inspect.isroutine(getattr(type(ours), method)):
                kept = list(inspect.signature(getattr(ours, method)).parameters)
                assert kept == list(inspect.signature(getattr(theirs, method)).parameters), (name, method)
    desk.close()
