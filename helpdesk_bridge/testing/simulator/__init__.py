"""The simulator core: what the wire-faithful servers of all vendors have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.lazy import lazy_names

if TYPE_CHECKING:
    from helpdesk_bridge.testing.simulator.app import SimulatorApp as SimulatorApp
    from helpdesk_bridge.testing.simulator.breakage import ConnectionBroken as ConnectionBroken
    from helpdesk_bridge.testing.simulator.breakage import NoAnswer as NoAnswer
    from helpdesk_bridge.testing.simulator.breakage import NotConnected as NotConnected
    from helpdesk_bridge.testing.simulator.call import BadBody as BadBody
    from helpdesk_bridge.testing.simulator.call import BodyTooLarge as BodyTooLarge
    from helpdesk_bridge.testing.simulator.call import Call as Call
    from helpdesk_bridge.testing.simulator.call import UnsupportedMedia as UnsupportedMedia
    from helpdesk_bridge.testing.simulator.clock import Deadline as Deadline
    from helpdesk_bridge.testing.simulator.clock import Expiring as Expiring
    from helpdesk_bridge.testing.simulator.clock import SimulatorClock as SimulatorClock
    from helpdesk_bridge.testing.simulator.faults import Fault as Fault
    from helpdesk_bridge.testing.simulator.faults import FaultError as FaultError
    from helpdesk_bridge.testing.simulator.faults import FaultPlan as FaultPlan
    from helpdesk_bridge.testing.simulator.files import FileStore as FileStore
    from helpdesk_bridge.testing.simulator.files import StoredFile as StoredFile
    from helpdesk_bridge.testing.simulator.files import content_disposition as content_disposition
    from helpdesk_bridge.testing.simulator.forms import UploadedFile as UploadedFile
    from helpdesk_bridge.testing.simulator.in_process import mock_simulator as mock_simulator
    from helpdesk_bridge.testing.simulator.limits import Allowance as Allowance
    from helpdesk_bridge.testing.simulator.limits import FixedWindow as FixedWindow
    from helpdesk_bridge.testing.simulator.limits import whole_seconds as whole_seconds
    from helpdesk_bridge.testing.simulator.reply import Refused as Refused
    from helpdesk_bridge.testing.simulator.reply import Reply as Reply
    from helpdesk_bridge.testing.simulator.reply import json_bytes as json_bytes
    from helpdesk_bridge.testing.simulator.request_log import RecordedRequest as RecordedRequest
    from helpdesk_bridge.testing.simulator.request_log import RequestLog as RequestLog
    from helpdesk_bridge.testing.simulator.routing import ASSUMED as ASSUMED
    from helpdesk_bridge.testing.simulator.routing import DOCUMENTED as DOCUMENTED
    from helpdesk_bridge.testing.simulator.routing import OBSERVED as OBSERVED
    from helpdesk_bridge.testing.simulator.routing import Provenance as Provenance
    from helpdesk_bridge.testing.simulator.routing import RouteInfo as RouteInfo
    from helpdesk_bridge.testing.simulator.routing import route as route
    from helpdesk_bridge.testing.simulator.server import SimulatorServer as SimulatorServer
    from helpdesk_bridge.testing.simulator.switches import ADDRESSES as ADDRESSES
    from helpdesk_bridge.testing.simulator.switches import KeyOf as KeyOf
    from helpdesk_bridge.testing.simulator.switches import Setting as Setting
    from helpdesk_bridge.testing.simulator.switches import SettingError as SettingError
    from helpdesk_bridge.testing.simulator.switches import Switch as Switch
    from helpdesk_bridge.testing.simulator.switches import email_keys as email_keys
    from helpdesk_bridge.testing.simulator.switches import phone_keys as phone_keys

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "helpdesk_bridge.testing.simulator.app": "SimulatorApp",
        "helpdesk_bridge.testing.simulator.breakage": "ConnectionBroken NoAnswer NotConnected",
        "helpdesk_bridge.testing.simulator.call": "BadBody BodyTooLarge Call UnsupportedMedia",
        "helpdesk_bridge.testing.simulator.clock": "Deadline Expiring SimulatorClock",
        "helpdesk_bridge.testing.simulator.faults": "Fault FaultError FaultPlan",
        "helpdesk_bridge.testing.simulator.files": "FileStore StoredFile content_disposition",
        "helpdesk_bridge.testing.simulator.forms": "UploadedFile",
        "helpdesk_bridge.testing.simulator.in_process": "mock_simulator",
        "helpdesk_bridge.testing.simulator.limits": "Allowance FixedWindow whole_seconds",
        "helpdesk_bridge.testing.simulator.reply": "Refused Reply json_bytes",
        "helpdesk_bridge.testing.simulator.request_log": "RecordedRequest RequestLog",
        "helpdesk_bridge.testing.simulator.routing": "ASSUMED DOCUMENTED OBSERVED Provenance RouteInfo route",
        "helpdesk_bridge.testing.simulator.server": "SimulatorServer",
        "helpdesk_bridge.testing.simulator.switches": "ADDRESSES KeyOf Setting SettingError Switch email_keys phone_keys",
    },
)
