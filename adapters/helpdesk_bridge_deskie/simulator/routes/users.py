"""Users: the account's customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpdesk_bridge.testing.simulator.app import DOCUMENTED, OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.records.account import require
from helpdesk_bridge_deskie.simulator.records.conditions import UserTest, Window, user_tests, window
from helpdesk_bridge_deskie.simulator.records.custom_fields import checked_values
from helpdesk_bridge_deskie.simulator.records.requesters import Identity, add_user, find_user, identity_of
from helpdesk_bridge_deskie.simulator.records.search import any_of
from helpdesk_bridge_deskie.simulator.refusals import invalid, no_access
from helpdesk_bridge_deskie.simulator.service import PAGES, RouteGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from helpdesk_bridge_deskie.simulator.parameters import Params
    from helpdesk_bridge_deskie.simulator.records.records import User

_TEXT = 3
_TIMES = {"": "created_at", "updated_": "updated_at", "last_contact_": "last_contact_at"}
_DESCRIPTIONS = {
    "user_full_name": "full_name",
    "company_name": "company_name",
    "company_position": "company_position",
    "user_note": "user_note",
}


class UserRoutes(RouteGroup):
    """The calls on users."""

    @route("GET", "/api/users.json", provenance=DOCUMENTED, source='Deskie API, "getting a list of users"')
    def list_users(self, call: Call) -> Reply:
        """List users by filters, blocked and deleted ones included (assumed: that, and the order by id)."""
        params = self.service.query(call)
        tests = user_tests(self.account, params, self.service.rules)
        bounds = self.service.choice("time_bounds")
        for kind, attribute in _TIMES.items():
            span = window(params, kind, bounds)
            if span.low is not None or span.high is not None:
                tests.append(_time_test(span, attribute))
        known = self.service.searchable_count(call, "user")
        if known is not None:
            tests.append(lambda user: user.user_id <= known)
        users = _passing(self._searched(params), tests)
        page = self.service.page(params)
        if params.flag("amount_of_cases"):
            return self._with_amounts(users[page.start : page.stop], len(users))
        return self.service.listing("user", users[page.start : page.stop], len(users), self.renderer.user)

    def _searched(self, params: Params) -> Iterable[User]:
        emails = self.service.rules.needles(params, "user_email", _TEXT)
        phones = self.service.rules.needles(params, "user_phone", _TEXT)
        if len(emails) == 1 and not phones and emails[0].exact and not emails[0].case_sensitive:
            return self.account.users_with_email(emails[0].text)
        tests: list[UserTest] = []
        if emails:
            in_email = any_of(emails)
            tests.append(lambda user: user.kind == "email" and in_email(user.identity))
        if phones:
            in_phone = any_of(phones)
            tests.append(lambda user: user.kind in ("phone", "wa") and _in_phone(in_phone, user.identity))
        return _passing(self.account.users.values(), tests)

    def _with_amounts(self, users: list[User], total: int) -> Reply:
        items = [{**self.renderer.user(user), "amount_of_cases": self._cases_of(user)} for user in users]
        return self.service.plain_listing("user", items, total)

    def _cases_of(self, user: User) -> int:
        return sum(case.user_id == user.user_id for case in self.account.cases.values())

    @route("POST", "/api/users.json", provenance=OBSERVED, source=PAGES)
    def create_user(self, call: Call) -> Reply:
        """Create a user; only this answer holds the `password` (observed)."""
        params = self.service.body(call, "user")
        identity = self._identity(params)
        if find_user(self.account, identity) is not None:
            raise invalid(_exists(identity))
        custom_fields = checked_values(self.account, "user", params.mapping("custom_fields"))
        language = params.integer("language_id")
        user = add_user(self.account, identity, params, self.service.now())
        self._describe_user(user, params, custom_fields, language)
        return self.service.show("user", {**self.renderer.user(user), "password": f"sim-password-{user.user_id}"}, 201)

    @route("POST", "/api/users/identification.json", provenance=OBSERVED, source="a client's code")
    def identify_user(self, call: Call) -> Reply:
        """Make an identification code for a user as in create; an unknown one is created (assumed)."""
        params = self.service.body(call, "user")
        identity = self._identity(params)
        user = find_user(self.account, identity) or add_user(self.account, identity, params, self.service.now())
        return Reply.json({"code": f"sim-code-{user.user_id}"}, indent=4)

    @route("GET", "/api/users/<int:user_id>.json", provenance=OBSERVED, source=PAGES)
    def show_user(self, call: Call, user_id: int) -> Reply:  # noqa: ARG002 - every handler gets the call
        """Show a user."""
        return self.service.show("user", self.renderer.user(self._user(user_id)))

    @route("PUT", "/api/users/<int:user_id>.json", provenance=OBSERVED, source=PAGES)
    def update_user(self, call: Call, user_id: int) -> Reply:
        """Change a user; the e-mail only while it is not confirmed, the phone only of phone users (observed)."""
        user, params = self._user(user_id), self.service.body(call, "user")
        identity = self._new_identity(user, params)
        custom_fields = checked_values(self.account, "user", params.mapping("custom_fields"))
        language = params.integer("language_id")
        if identity is not None:
            self.account.rename_user(user, identity.value)
        self._describe_user(user, params, custom_fields, language)
        self._touch_user(user)
        return self.service.show("user", self.renderer.user(user))

    @route("DELETE", "/api/users/<int:user_id>.json", provenance=OBSERVED, source=PAGES)
    def delete_user(self, call: Call, user_id: int) -> Reply:
        """Delete a user for good; only agents with full access may (observed)."""
        if self.service.access.is_limited(self.service.access.caller(call)):
            raise no_access()
        self.account.drop_user(self._user(user_id))
        return self.service.done()

    @route("PUT", "/api/users/<int:user_id>/block.json", provenance=DOCUMENTED, source='Deskie API, "blocking users"')
    def block_user(self, call: Call, user_id: int) -> Reply:  # noqa: ARG002
        """Block a user; its later cases become spam (observed)."""
        return self._mark_user(user_id, active=False, deleted=False)

    @route("PUT", "/api/users/<int:user_id>/disable.json", provenance=OBSERVED, source=PAGES)
    def disable_user(self, call: Call, user_id: int) -> Reply:  # noqa: ARG002
        """Move a user to the deleted ones."""
        return self._mark_user(user_id, active=True, deleted=True)

    @route("PUT", "/api/users/<int:user_id>/restore.json", provenance=OBSERVED, source=PAGES)
    def restore_user(self, call: Call, user_id: int) -> Reply:  # noqa: ARG002
        """Undo blocking and disabling."""
        return self._mark_user(user_id, active=True, deleted=False)

    @route("PUT", "/api/users/<int:user_id>/link.json", provenance=OBSERVED, source="a client's code")
    def link_user(self, call: Call, user_id: int) -> Reply:
        """Link another user, named at the top of the body (observed: no wrapper)."""
        user, params = self._user(user_id), self.service.body(call)
        other_id = params.integer("user_id")
        if other_id is not None:
            other = self._user(other_id)
        else:
            identity = self._identity(params)
            other = find_user(self.account, identity) or add_user(self.account, identity, params, self.service.now())
        if other.user_id == user.user_id:
            raise invalid("wrong_user_id")
        for own, linked in ((user, other), (other, user)):
            if linked.user_id not in own.linked:
                own.linked.append(linked.user_id)
            self._touch_user(own)
        return self.service.show("user", self.renderer.user(user))

    @route("PUT", "/api/users/<int:user_id>/unlink.json", provenance=OBSERVED, source="a client's code")
    def unlink_user(self, call: Call, user_id: int) -> Reply:
        """Undo a link."""
        user = self._user(user_id)
        other = self._user(self.service.body(call).integer("user_id") or 0)
        for own, linked in ((user, other), (other, user)):
            if linked.user_id in own.linked:
                own.linked.remove(linked.user_id)
            self._touch_user(own)
        return self.service.show("user", self.renderer.user(user))

    def _user(self, user_id: int) -> User:
        return require(self.account.users, user_id, "user")

    def _identity(self, params: Params) -> Identity:
        return identity_of(
            self.account, params, wrong_email="wrong_email", channel_name="user_custom_channel", networks=True
        )

    def _new_identity(self, user: User, params: Params) -> Identity | None:
        name = {"email": "user_email", "phone": "user_phone"}.get(user.kind)
        given = params.text(name) if name else None
        if name is None or not given or given == user.identity:
            return None
        if user.kind == "email" and user.confirmed:
            raise invalid("email_is_confirmed")
        identity = self._identity(params)
        other = find_user(self.account, identity)
        if identity.kind == user.kind and other not in (None, user):
            raise invalid(_exists(identity))
        return identity if identity.kind == user.kind else None

    def _describe_user(self, user: User, params: Params, custom_fields: dict[str, Any], language: int | None) -> None:
        for name, attribute in _DESCRIPTIONS.items():
            text = params.text(name)
            if text is not None:
                setattr(user, attribute, text)
        user.custom_fields.update(custom_fields)
        user.language_id = language or user.language_id

    def _mark_user(self, user_id: int, *, active: bool, deleted: bool) -> Reply:
        user = self._user(user_id)
        user.active, user.deleted = active, deleted
        self._touch_user(user)
        return self.service.show("user", self.renderer.user(user))

    def _touch_user(self, user: User) -> None:
        user.updated_at, user.rendered = self.service.now(), None


def _passing(users: Iterable[User], tests: Iterable[UserTest]) -> list[User]:
    kept = list(users)
    for test in tests:
        kept = [user for user in kept if test(user)]
    return kept


def _time_test(span: Window, attribute: str) -> UserTest:
    return lambda user: span.holds(getattr(user, attribute))


def _exists(identity: Identity) -> str:
    return f"{identity.kind}_already_exist" if identity.kind in ("email", "phone") else "user_already_exist"


def _in_phone(matches: Callable[[str], bool], identity: str) -> bool:
    return matches(identity) or matches("".join(filter(str.isdecimal, identity)))
