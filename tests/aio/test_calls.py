"""Calls that are awaited: where a cancelled one stops, what becomes of its write, and what is left behind."""

import asyncio
import contextvars
import random
import threading
import traceback
from contextlib import ExitStack, suppress

import pytest

from helpdesk_bridge import CancelledWrite, cancelled_write, open_desk
from helpdesk_bridge.aio import AsyncDesk
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import HelpdeskError, InDoubt, Invalid, NotFound
from helpdesk_bridge.testing.running import start_simulator

NEW = {"subject": "Lamp", "description": "It does not burn.", "requester": "ann@example.com"}


class Bench:
    """A Desk365 simulator on a socket whose answers a test can hold back."""

    def __init__(self, stack, **options):
        self.running = start_simulator("desk365", stack, SystemClock(), sockets=True, max_wait=None, **options)
        self.app = self.running.simulator
        self.arrived = threading.Event()
        self.go = threading.Event()
        stack.callback(self.go.set)

    def hold(self):
        """Let the next requests wait, once they are there, until ``go`` is set."""

        def before(call):
            self.arrived.set()
            self.go.wait(30)

        self.app.before = before

    @property
    def governor(self):
        return self.running.desk.transport._top.inner.governor

    def spend_all(self):
        return self.governor.reserve(self.running.desk.budget.remaining, lease=1e6)

    def written(self):
        return [ticket.subject for ticket in self.app.account.tickets.values()]


@pytest.fixture
def bench():
    with ExitStack() as stack:
        yield Bench(stack)


async def until(condition):
    while not condition():  # noqa: ASYNC110 - met by another thread
        await asyncio.sleep(0.001)


async def cancelled(task):
    """Cancel a task and return the error that it ends with."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return caught.value


def test_a_call_that_was_cancelled_in_the_queue_never_begins(bench):
    async def main():
        async with AsyncDesk(bench.running.desk, threads=1) as desk:
            started, go = threading.Event(), threading.Event()
            first = asyncio.create_task(desk.run(lambda _: (started.set(), go.wait(30))))
            await until(started.is_set)
            second = asyncio.create_task(desk.tickets.create(**NEW))
            await asyncio.sleep(0)
            error = await cancelled(second)
            go.set()
            await first
            return error

    assert cancelled_write(asyncio.run(main())) is None
    assert not list(bench.app.requests)


@pytest.mark.parametrize("operation", ["create", "read"])
def test_a_call_that_was_cancelled_while_it_waits_for_its_budget_sends_nothing_and_frees_its_thread(bench, operation):
    async def main():
        async with AsyncDesk(bench.running.desk, threads=1) as desk:
            bench.spend_all()
            call = desk.tickets.create(**NEW) if operation == "create" else desk.tickets.get("1")
            task = asyncio.create_task(call)
            await until(lambda: bench.governor._queue)
            error = await cancelled(task)
            await desk.run(lambda _: None)  # the only thread is free again
            return error

    assert cancelled_write(asyncio.run(main())) is None
    assert not list(bench.app.requests)
    assert not bench.governor._queue


def test_what_a_cancelled_attempt_did_not_send_it_does_not_pay_for(bench):
    async def main():
        async with AsyncDesk(bench.running.desk, threads=1) as desk:
            held = bench.spend_all()
            task = asyncio.create_task(desk.tickets.create(**NEW))
            await until(lambda: bench.governor._queue)
            await cancelled(task)
            await desk.run(lambda _: None)
            bench.governor.cancel(held)
            return await desk.budget.remaining, await desk.budget.limit

    remaining, limit = asyncio.run(main())
    assert remaining == limit


def test_a_create_that_was_cancelled_on_the_wire_is_waited_for_and_its_result_is_known(bench):
    bench.hold()

    async def main():
        async with AsyncDesk(bench.running.desk) as desk:
            task = asyncio.create_task(desk.tickets.create(**NEW))
            await until(bench.arrived.is_set)
            for _ in range(3):
                task.cancel()
                await asyncio.sleep(0.01)
            assert not task.done()
            bench.go.set()
            return await cancelled(task)

    known = cancelled_write(asyncio.run(main()))
    assert isinstance(known, CancelledWrite)
    assert known.operation == "tickets.create"
    assert known.error is None
    assert bench.app.account.tickets[int(known.result.id)].subject == "Lamp"
    assert str(known) == "tickets.create was done: the task was cancelled when it was on its way"


def test_a_timeout_tells_the_same(bench):
    bench.hold()

    async def main():
        async with AsyncDesk(bench.running.desk) as desk:
            try:
                async with asyncio.timeout(None) as limit:
                    task = asyncio.ensure_future(desk.tickets.create(**NEW))
                    await until(bench.arrived.is_set)
                    limit.reschedule(0)
                    asyncio.get_running_loop().call_later(0.02, bench.go.set)
                    await task
            except TimeoutError as late:
                return cancelled_write(late)

    assert asyncio.run(main()).result.subject == "Lamp"


def test_a_create_that_was_cancelled_and_whose_answer_is_lost_is_in_doubt(bench):
    bench.hold()
    bench.running.faults.inject("response_lost", on="tickets.create")

    async def main():
        async with AsyncDesk(bench.running.desk) as desk:
            task = asyncio.create_task(desk.tickets.create(**NEW))
            await until(bench.arrived.is_set)
            task.cancel()
            await asyncio.sleep(0)
            bench.go.set()
            return await cancelled(task)

    known = cancelled_write(asyncio.run(main()))
    assert isinstance(known.error, InDoubt)
    assert known.result is None
    assert "InDoubt" in str(known)
    assert len(bench.written()) == 1


def test_a_read_that_was_cancelled_on_the_wire_ends_at_once(bench):
    bench.hold()

    async def main():
        desk = AsyncDesk(bench.running.desk)
        task = asyncio.create_task(desk.tickets.get("1"))
        await until(bench.arrived.is_set)
        error = await cancelled(task)
        assert not bench.go.is_set()
        bench.go.set()
        await desk.close()
        return error

    assert cancelled_write(asyncio.run(main())) is None


def test_a_write_of_several_requests_runs_to_its_end_once_the_first_has_gone(bench):
    """A desk's ``run`` is one call: cancelled between two writes it does not leave the second out."""
    bench.hold()

    async def main():
        async with AsyncDesk(bench.running.desk) as desk:

            def both(sync):
                return [sync.tickets.create(**NEW), sync.tickets.create(**NEW)]

            task = asyncio.create_task(desk.run(both))
            await until(bench.arrived.is_set)
            task.cancel()
            await asyncio.sleep(0)
            bench.go.set()
            return await cancelled(task)

    assert len(cancelled_write(asyncio.run(main())).result) == 2
    assert len(bench.written()) == 2


def test_whatever_moment_a_create_is_cancelled_at_what_it_says_is_what_happened(bench):
    chance = random.Random(5)
    subjects = [f"Lamp {number}" for number in range(60)]
    told = {}

    async def one(desk, subject):
        task = asyncio.create_task(desk.tickets.create(**{**NEW, "subject": subject}))
        for _ in range(chance.choice([0, 1, 3, 30, 300, 3000])):
            await asyncio.sleep(0)
        task.cancel()
        try:
            told[subject] = await task
        except asyncio.CancelledError as error:
            known = cancelled_write(error)
            told[subject] = None if known is None else known.result

    async def main():
        async with AsyncDesk(bench.running.desk, threads=4) as desk, asyncio.TaskGroup() as group:
            for subject in subjects:
                group.create_task(one(desk, subject))

    asyncio.run(main())
    assert told.keys() == set(subjects)
    assert sorted(bench.written()) == sorted(subject for subject, ticket in told.items() if ticket is not None)


@pytest.mark.parametrize(("tasks", "threads"), [(1000, 8), (50, 1)])
def test_tasks_share_the_threads_in_the_order_in_which_they_came(tasks, threads):
    running, most, began, lock = set(), [0], [], threading.Lock()

    def work(number):
        with lock:
            running.add(number)
            began.append(number)
            most.append(len(running))
        with lock:
            running.discard(number)
        return threading.current_thread().name

    async def main():
        async with AsyncDesk(open_desk(vendor="local", path=":memory:"), threads=threads) as desk:
            return await asyncio.gather(*(desk.run(lambda _, n=number: work(n)) for number in range(tasks)))

    names = asyncio.run(main())
    assert len(names) == tasks
    assert len(set(names)) <= threads
    assert max(most) <= threads
    assert threads > 1 or began == list(range(tasks))


def test_no_thread_is_left_after_close_and_what_waits_is_told():
    before = set(threading.enumerate())
    with ExitStack() as stack:
        bench = Bench(stack)

        async def main():
            desk = AsyncDesk(bench.running.desk, threads=2)
            held = bench.spend_all()
            tasks = [asyncio.create_task(desk.tickets.create(**NEW)) for _ in range(5)]
            await until(lambda: len(bench.governor._queue) == 2)
            await asyncio.gather(desk.close(), desk.close())
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(ended, HelpdeskError)
                assert "the desk was closed" in str(ended)
            with pytest.raises(HelpdeskError, match="the desk was closed"):
                await desk.tickets.get("1")
            bench.governor.cancel(held)
            with pytest.raises(HelpdeskError, match="the desk was closed"):
                bench.running.desk.tickets.get("1")

        asyncio.run(main())
        assert not [one for one in set(threading.enumerate()) - before if one.name.startswith("helpdesk-bridge")]
        assert not list(bench.app.requests)


def test_closing_lets_a_write_on_the_wire_come_to_its_end_even_if_it_is_cancelled_itself(bench):
    bench.hold()

    async def main():
        desk = AsyncDesk(bench.running.desk)
        write = asyncio.create_task(desk.tickets.create(**NEW))
        await until(bench.arrived.is_set)
        closing = asyncio.create_task(desk.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.sleep(0.01)
        assert not closing.done()
        bench.go.set()
        with pytest.raises(asyncio.CancelledError):
            await closing
        return await write

    assert asyncio.run(main()).subject == "Lamp"


def test_the_context_of_the_task_goes_with_the_call():
    tenant = contextvars.ContextVar("tenant", default="nobody")

    async def main():
        async with AsyncDesk(open_desk(vendor="local", path=":memory:")) as desk:

            async def seen(name):
                tenant.set(name)
                return await desk.run(lambda _: tenant.get())

            return await asyncio.gather(*(seen(name) for name in "abc"))

    assert asyncio.run(main()) == ["a", "b", "c"]


def test_a_traceback_leads_from_the_line_that_awaits_to_the_line_that_raised():
    async def main():
        async with AsyncDesk(open_desk(vendor="local", path=":memory:")) as desk:
            await desk.tickets.get("404")

    with pytest.raises(NotFound) as caught:
        asyncio.run(main())
    frames = traceback.extract_tb(caught.value.__traceback__)
    files = [frame.filename.rpartition("helpdesk_bridge/")[2] for frame in frames]
    awaits = next(place for place, frame in enumerate(frames) if "desk.tickets.get(" in (frame.line or ""))
    assert files[awaits + 1] == "aio/ports.py"
    assert "desk/tickets.py" in files[awaits:]
    assert not [frame for frame in frames[awaits:] if "concurrent" in frame.filename or "asyncio" in frame.filename]
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or "CallCancelled" not in repr(caught.value.__context__)


def test_an_error_holds_none_of_the_calls_that_it_went_through():
    import gc
    import weakref

    class Big:
        pass

    async def main():
        async with AsyncDesk(open_desk(vendor="local", path=":memory:")) as desk:
            big = Big()
            with suppress(NotFound):
                await desk.run(lambda sync, kept=big: (sync.tickets.get("404"), kept))
            return weakref.ref(big)

    gc.disable()
    try:
        assert asyncio.run(main())() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("threads", [0, -1, True, 2.5, "8"])
def test_a_wrong_number_of_threads_is_refused_before_anything_is_opened(threads):
    with pytest.raises(Invalid, match="threads is a whole number above 0"):
        AsyncDesk(open_desk(vendor="local", path=":memory:"), threads=threads)
