"""Checked by mypy strict and pyright, never run: a desk whose vendor is known knows the type of its ``vendor_api``."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import assert_type

from helpdesk_bridge import Clock, Desk, DeskEvent, Helpdesk, Sent, StoringWebhooks, connect, desks, open_desk
from helpdesk_bridge.http import Attempt
from helpdesk_bridge.local import VENDOR as LOCAL
from helpdesk_bridge.local.vendor_api import LocalInspection
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge_desk360 import VENDOR as DESK360
from helpdesk_bridge_desk360.vendor_api.vendor_api import Desk360Api
from helpdesk_bridge_desk365 import VENDOR as DESK365
from helpdesk_bridge_desk365.vendor_api.vendor_api import Desk365Api
from helpdesk_bridge_deskie import VENDOR as DESKIE
from helpdesk_bridge_deskie.vendor_api.vendor_api import DeskieApi


def known_vendors() -> None:
    assert_type(connect("support", vendor=DESKIE).vendor_api, DeskieApi)
    assert_type(connect("support", vendor=DESK365, max_wait=None).vendor_api, Desk365Api)
    assert_type(connect("support", vendor=DESK360, timeout=5).vendor_api, Desk360Api)
    assert_type(open_desk(vendor=LOCAL, path=":memory:").vendor_api, LocalInspection)
    assert_type(open_desk({"path": ":memory:"}, vendor=LOCAL).vendor_api, LocalInspection)
    assert_type(FakeHelpdesk().vendor_api, LocalInspection)
    connect("support", vendor=DESKIE).vendor_api.no_such_call()  # type: ignore[attr-defined]


def unknown_vendors() -> None:
    assert_type(connect("support"), Desk)
    assert_type(connect("support", max_wait=None).vendor_api, object)
    assert_type(open_desk(vendor="local", path=":memory:", max_wait=None).vendor_api, object)
    assert_type(desks["support"].vendor_api, object)
    connect("support").vendor_api.users  # type: ignore[attr-defined]  # noqa: B018
    connect("support", max_wait="long")  # type: ignore[call-overload]
    open_desk(vendor=5)  # type: ignore[call-overload]


def of_one_vendor(desk: Helpdesk[DeskieApi]) -> Helpdesk:
    assert_type(desk.vendor_api, DeskieApi)
    return desk


def a_desk_of_another_vendor_is_refused() -> None:
    of_one_vendor(connect("support", vendor=DESKIE))
    of_one_vendor(connect("support", vendor=DESK365))  # type: ignore[arg-type]
    of_one_vendor(connect("support"))  # type: ignore[arg-type]


def every_member_has_a_type(desk: Helpdesk) -> None:
    with desk as entered:
        assert_type(entered, Helpdesk)
    assert_type(desk.clock, Clock)
    assert_type(desk.subscription, str | None)
    if desk.budget is not None:
        assert_type(desk.budget.remaining, int)
    if desk.templates:
        assert_type([template.name for template in desk.templates.list()], list[str])
        assert_type(desk.templates.send("welcome", "+491701234567", parameters={"name": "Ann"}), Sent)
    desk.templates.list()  # type: ignore[union-attr]
    if desk.webhooks:
        print([event.to_dict() for event in desk.webhooks.parse(b"{}", {}, None)])
        desk.webhooks.receive(b"{}", {}, None)  # type: ignore[attr-defined]
        if isinstance(desk.webhooks, StoringWebhooks):
            print(len(desk.webhooks.receive(b"{}", {}, None)))
    desk.webhooks.parse(b"{}", {}, None)  # type: ignore[union-attr]
    assert_type([event.kind for event in desk.events().items], list[str])


def told(event: DeskEvent) -> None:
    if isinstance(event, Attempt):
        print(event.status, event.path)


def subscribing(desk: Helpdesk) -> None:
    end = desk.subscribe(told)
    desk.subscribe(print)
    desk.subscribe(lambda event: print(event.desk))
    desk.subscribe(lambda event: print(event.body))  # type: ignore[union-attr]
    end()
