"""Staff: the account's agents, their roles and presence statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.testing.simulator.app import DOCUMENTED, OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.lists import list_item
from helpdesk_bridge_deskie.simulator.records.account import require
from helpdesk_bridge_deskie.simulator.records.records import Staff
from helpdesk_bridge_deskie.simulator.refusals import invalid
from helpdesk_bridge_deskie.simulator.service import PAGES, RouteGroup

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.parameters import Params

_ROLES = ("Full access", "Limited access", "View only")
_STATUSES = ((1, "Online"), (2, "Offline"), (3, "No chats"))


class StaffRoutes(RouteGroup):
    """The calls on agents; enabling and disabling them changes the rate limit (documented: Deskie API, "5 RPM per enabled agent")."""

    @route("GET", "/api/staff.json", provenance=OBSERVED, source=PAGES)
    def list_staff(self, call: Call) -> Reply:
        """List agents, disabled ones included."""
        return self.service.paged(call, "staff", self.account.staff.values(), self.renderer.staff)

    @route("POST", "/api/staff.json", provenance=OBSERVED, source=PAGES)
    def create_staff(self, call: Call) -> Reply:
        """Create an agent, enabled at once."""
        params, now = self.service.body(call, "staff"), self.service.now()
        email = self._staff_email(params, None)
        if email is None:
            raise invalid("wrong_email")
        staff = Staff(staff_id=self.account.next_id("staff"), email=email, created_at=now, updated_at=now)
        self.account.add_staff(staff)
        return self._describe_staff(staff, params, 201)

    @route("GET", "/api/staff/<int:staff_id>.json", provenance=OBSERVED, source=PAGES)
    def show_staff(self, call: Call, staff_id: int) -> Reply:  # noqa: ARG002 - every handler gets the call
        """Show an agent."""
        return self.service.show("staff", self.renderer.staff(self._staff(staff_id)))

    @route("PUT", "/api/staff/<int:staff_id>.json", provenance=OBSERVED, source=PAGES)
    def update_staff(self, call: Call, staff_id: int) -> Reply:
        """Change an agent."""
        staff, params = self._staff(staff_id), self.service.body(call, "staff")
        email = self._staff_email(params, staff)
        if email is not None and email != staff.email:
            self.account.readdress_staff(staff, email)
        return self._describe_staff(staff, params, 200)

    @route(
        "DELETE",
        "/api/staff/<int:staff_id>.json",
        provenance=DOCUMENTED,
        source='Deskie API, "deactivating and deleting agents"',
    )
    def delete_staff(self, call: Call, staff_id: int) -> Reply:
        """Delete an agent; all its cases go to `replace_staff_id` (observed), else they are unassigned (assumed)."""
        staff = self._staff(staff_id)
        self._reassign_cases(staff, self._replacement(call, staff), statuses=("open", "waiting", "closed"))
        self.account.drop_staff(staff)
        return self.service.done()

    @route(
        "PUT",
        "/api/staff/<int:staff_id>/disable.json",
        provenance=DOCUMENTED,
        source='Deskie API, "deactivating and deleting agents"',
    )
    def disable_staff(self, call: Call, staff_id: int) -> Reply:
        """Disable an agent; its open and waiting cases go to `replace_staff_id` (observed)."""
        staff = self._staff(staff_id)
        self._reassign_cases(staff, self._replacement(call, staff), statuses=("open", "waiting"))
        return self._enable_staff(staff, active=False)

    @route("PUT", "/api/staff/<int:staff_id>/enable.json", provenance=OBSERVED, source=PAGES)
    def enable_staff(self, call: Call, staff_id: int) -> Reply:  # noqa: ARG002
        """Enable an agent."""
        return self._enable_staff(self._staff(staff_id), active=True)

    @route("GET", "/api/staff_roles.json", provenance=OBSERVED, source="a client's fixtures")
    def list_staff_roles(self, call: Call) -> Reply:  # noqa: ARG002
        """List roles; the plural key is inside the items, and the total is called `count` (observed)."""
        roles = enumerate(self.account.roles or _ROLES, 1)
        items = [list_item("staff_roles", {"role_id": role_id, "role": role}) for role_id, role in roles]
        return self.service.list_reply("staff_roles", items, len(items), count="count")

    @route("GET", "/api/staff_statuses.json", provenance=OBSERVED, source="a client's fixtures")
    def list_staff_statuses(self, call: Call) -> Reply:  # noqa: ARG002
        """List the agents' presence statuses, in the form of the roles."""
        items = [
            list_item("staff_statuses", {"status_id": status_id, "status": status, "active": True})
            for status_id, status in _STATUSES
        ]
        return self.service.list_reply("staff_statuses", items, len(items), count="count")

    def _staff(self, staff_id: int) -> Staff:
        return require(self.account.staff, staff_id, "staff")

    def _staff_email(self, params: Params, owner: Staff | None) -> str | None:
        email = (params.text("staff_email") or "").strip()
        if not email:
            return None
        if "@" not in email:
            raise invalid("wrong_email")
        if self.account.staff_known_as(email) not in (None, owner):
            raise invalid("email_already_exist")
        return email

    def _describe_staff(self, staff: Staff, params: Params, status: int) -> Reply:
        for name in ("full_name", "signature", "signature_chat"):
            text = params.text(f"staff_{name}")
            if text is not None:
                setattr(staff, name, text)
        staff.updated_at, staff.rendered = self.service.now(), None
        return self.service.show("staff", self.renderer.staff_written(staff), status)

    def _replacement(self, call: Call, staff: Staff) -> int:
        given = self.service.body(call, "staff").integer("replace_staff_id") or 0
        if given:
            other = self.account.staff.get(given)
            if other is None or other is staff:
                raise invalid("wrong_replace_staff_id")
            if not other.active:
                raise invalid("staff_not_active")
        return given

    def _reassign_cases(self, staff: Staff, to: int, *, statuses: tuple[str, ...]) -> None:
        for case in self.account.cases_of_staff(staff.staff_id):
            if case.status in statuses:
                case.staff_id = to
                self.account.touch(case, self.service.now())

    def _enable_staff(self, staff: Staff, *, active: bool) -> Reply:
        staff.active, staff.updated_at, staff.rendered = active, self.service.now(), None
        return self.service.show("staff", self.renderer.staff_written(staff))
