"""A synchronous desk over an asynchronous one, so that the conformance suite runs through the latter."""

import asyncio
import inspect
import threading

from helpdesk_bridge.aio import AsyncFile, AsyncListing, aopen_desk
from helpdesk_bridge.aio.base import AsyncPort
from helpdesk_bridge.ports import Listing


class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="the loop of a test")
        self._thread.start()

    def run(self, awaitable):
        async def waited():
            return await awaitable

        if self._loop.is_closed():
            return asyncio.run(waited())
        return asyncio.run_coroutine_threadsafe(waited(), self._loop).result()

    def call(self, function, *args, **kwargs):
        async def called():
            return function(*args, **kwargs)

        return self.run(called())

    def close(self):
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class SyncListing(Listing):
    """Asks when it is made, as a synchronous listing does; an asynchronous one asks when it is first awaited."""

    def __init__(self, listing, loop):
        self._listing = listing
        self._loop = loop
        loop.run(listing._calls.run(listing._operation, listing._listing))

    def __iter__(self):
        records = aiter(self._listing)
        while True:
            try:
                record = self._loop.run(anext(records))
            except StopAsyncIteration:
                return
            yield record

    def page(self, cursor=None, size=None):
        return self._loop.run(self._listing.page(cursor, size))

    def count(self):
        return self._loop.run(self._listing.count())

    def first(self):
        return self._loop.run(self._listing.first())

    def all(self):
        return self._loop.run(self._listing.all())

    def told(self):
        return self._listing.told()


class SyncFile:
    """Opens when it is made, for the same reason."""

    def __init__(self, file, loop):
        self._file = file
        self._loop = loop
        loop.run(file.__aenter__())

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._loop.run(self._file.__aexit__(*problem))

    def read(self, size=-1):
        return self._loop.run(self._file.read(size))


def synchronous(value, loop):
    if inspect.isawaitable(value):
        return synchronous(loop.run(value), loop)
    if isinstance(value, AsyncPort):
        return SyncPart(value, loop)
    if isinstance(value, AsyncListing):
        return SyncListing(value, loop)
    return SyncFile(value, loop) if isinstance(value, AsyncFile) else value


class SyncPart:
    """A part of the desk; what is private there is the synchronous part's own."""

    def __init__(self, part, loop):
        self._part = part
        self._loop = loop

    def __getattr__(self, name):
        if name.startswith("_"):
            return getattr(self._part._port, name)
        value = getattr(self._part, name)
        if not inspect.ismethod(value):
            return synchronous(value, self._loop)
        return lambda *args, **kwargs: synchronous(value(*args, **kwargs), self._loop)

    def __repr__(self):
        return repr(self._part._port)


class SyncDesk:
    """The desk that ``sync_over_async`` opens; what the port does not have is asked of the desk below."""

    def __init__(self, desk, loop):
        self._desk = desk
        self._loop = loop

    def __getattr__(self, name):
        if not hasattr(type(self._desk), name):
            return getattr(self._desk.sync, name)
        value = getattr(self._desk, name)
        if name == "subscribe":
            return lambda callback: self._loop.call(value, callback)
        if not inspect.ismethod(value):
            return synchronous(value, self._loop)
        return lambda *args, **kwargs: synchronous(value(*args, **kwargs), self._loop)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __str__(self):
        return str(self._desk)

    def __repr__(self):
        return repr(self._desk)

    def __reduce__(self):
        return self._desk.__reduce__()

    def close(self):
        self._loop.run(self._desk.close())
        self._loop.close()


def sync_over_async(table, *, clock=None):
    """Open a desk of a table as ``open_desk`` does."""
    loop = LoopThread()
    try:
        return SyncDesk(loop.run(aopen_desk(table, clock=clock)), loop)
    except BaseException:
        loop.close()
        raise
