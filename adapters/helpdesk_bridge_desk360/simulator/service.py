"""Service: what every route of the simulated account needs: records, switches, logins and messaging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from helpdesk_bridge.testing.simulator.switches import resolve
from helpdesk_bridge_desk360.simulator.logins import Logins
from helpdesk_bridge_desk360.simulator.messaging import Messaging
from helpdesk_bridge_desk360.simulator.pages import ListForm
from helpdesk_bridge_desk360.simulator.refusals import Problem, error_reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge.testing.simulator.app import Call, Reply, SimulatorApp
    from helpdesk_bridge.testing.simulator.switches import Setting
    from helpdesk_bridge_desk360.simulator.records.records import Account, Integration

_OK: Final = 200


class Service:
    """One account at work; made anew when the simulator is reset."""

    def __init__(self, app: SimulatorApp, account: Account) -> None:
        self.account = account
        self.flag, self.number, self.choice = app.flag, app.number, app.choice
        self.clock = app.clock
        self.logins = Logins(app.clock)
        self.messaging = Messaging(app, account)
        self._app = app

    @property
    def dataset(self) -> Dataset:
        """The seed."""
        return self._app.dataset

    def set_switches(self, given: Mapping[str, Any]) -> Mapping[str, Setting]:
        """Set switches while the account is at work, and return all of them."""
        self._app.settings = resolve(self._app.SWITCHES, {**self._app.settings, **given})
        return self._app.settings

    def integration(self, integration_id: str) -> Integration:
        """Find an integration of the account; assumed: an id that is no number is one that there is not."""
        usable = integration_id.isascii() and integration_id.isdigit() and len(integration_id) <= len(str(1 << 63))
        integration = self.account.integrations.get(int(integration_id)) if usable else None
        if integration is None:
            raise Problem(self.choice("missing_code"))
        return integration

    def listing(self, call: Call, items: Sequence[Any]) -> Reply:
        """Answer the page of a list that a call asks for."""
        form = ListForm(
            self.flag("link_quoted"),
            self.flag("link_api_v1"),
            self.flag("link_empty_on_last"),
            self.flag("data_envelope"),
        )
        return form.reply(call, items, self._app.base_url)

    def refusal(self, problem: Problem, status: int | None = None) -> Reply:
        """Answer an error in the form that the switches ask for; without a status, under the one of its code."""
        form = "html" if self.flag("error_html") else self.choice("error_body")
        return error_reply(problem, form, status=_OK if self.flag("error_in_200") else status)


class RouteGroup:
    """The calls of one section of the vendor's paper, registered on the application."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.account = service.account
        self.messaging = service.messaging
