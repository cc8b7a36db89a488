"""Values go where applications put them: process pools, Celery, the caches of Django and Redis."""

import json
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from multiprocessing import get_context

import kombu
import pytest
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from kombu.utils.json import register_type
from portable import mapped

from helpdesk_bridge import MessageDraft, Ticket, Upload
from helpdesk_bridge.testing.fake import FakeHelpdesk

TICKETS = 5


@pytest.fixture(scope="module")
def desk():
    desk = FakeHelpdesk()
    for number in range(TICKETS):
        fields = {"Order No": number, "Sum": Decimal("1.50"), "Colours": ("red", "blue")}
        desk.tickets.create(
            subject=f"No {number}", description="x", requester="ann@x.example", custom_fields=fields, tags="vip"
        )
    return desk


@pytest.fixture(scope="module")
def tickets(desk):
    return desk.tickets.list().all()


def test_a_process_pool_maps_over_a_listing(desk):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        seen = list(pool.map(mapped.seen, desk.tickets.list()))
    assert seen == [(ticket, "ann@x.example") for ticket in desk.tickets.list()]
    assert len(seen) == TICKETS


@pytest.fixture(params=["memory", "files", "redis"])
def cache(request, tmp_path):
    if request.param == "redis":
        return RedisCache(request.getfixturevalue("valkey_url"), {})
    return LocMemCache("values", {}) if request.param == "memory" else FileBasedCache(str(tmp_path), {})


def test_djangos_caches_keep_values(cache, tickets):
    cache.set_many({ticket.id: ticket for ticket in tickets})
    assert cache.get_many([ticket.id for ticket in tickets]) == {ticket.id: ticket for ticket in tickets}
    cache.set("page", tickets)
    assert cache.get("page") == tickets


def test_redis_keeps_values_as_json(valkey_url, tickets):
    import redis

    with redis.Redis.from_url(valkey_url) as client:
        client.set("ticket", json.dumps(tickets[0].to_dict()))
        assert Ticket.from_dict(json.loads(client.get("ticket"))) == tickets[0]


@pytest.fixture
def queue():
    """Return a function that sends through a broker of Celery's, with one of its serializers, and returns what came."""
    with kombu.Connection("memory://") as connection:

        def sent(value, serializer):
            with connection.Consumer(kombu.Queue("values"), accept=["json", "pickle"], no_ack=True) as consumer:
                came = []
                consumer.register_callback(lambda body, _: came.append(body))
                connection.Producer().publish(value, serializer=serializer, routing_key="values")
                connection.drain_events(timeout=10)
            return came[0]

        yield sent


def test_a_task_gets_a_draft_as_json(queue):
    draft = MessageDraft(body="See the file.", attachments=Upload.from_bytes("a.txt", b"content"))
    came = MessageDraft.from_dict(queue({"draft": draft.to_dict()}, "json")["draft"])
    assert came == draft
    assert came.attachments[0].open().read() == b"content"


@pytest.mark.parametrize("serializer", ["pickle", "json"])
def test_a_task_gets_a_value_itself_by_pickle_or_once_celery_knows_its_class(queue, serializer, tickets):
    register_type(Ticket, "helpdesk_bridge.Ticket", Ticket.to_dict, Ticket.from_dict)
    assert queue(tickets[0], serializer) == tickets[0]
