"""Cases: list, view, create, update, rate, trash, spam, restore, delete, singly and in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.testing.simulator.app import DOCUMENTED, OBSERVED, Call, Refused, Reply, route
from helpdesk_bridge_deskie.simulator.parameters import Params
from helpdesk_bridge_deskie.simulator.records.case_writes import (
    case_values,
    change_case,
    channel_for,
    label_ids,
    mail_of,
    new_case,
)
from helpdesk_bridge_deskie.simulator.records.conditions import CaseTest, case_tests, window
from helpdesk_bridge_deskie.simulator.records.records import RATINGS, Case, Message
from helpdesk_bridge_deskie.simulator.records.requesters import add_user, find_user, identity_of
from helpdesk_bridge_deskie.simulator.records.saved_filters import saved_filter
from helpdesk_bridge_deskie.simulator.refusals import invalid, no_access
from helpdesk_bridge_deskie.simulator.routes.case_list import SORTS, CaseQuery
from helpdesk_bridge_deskie.simulator.service import PAGES, RouteGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge_deskie.simulator.records.records import FileEntry

_BULK = 10
"""observed: ten ids at most in the path of a bulk call."""


class CaseRoutes(RouteGroup):
    """The calls on cases."""

    @route("GET", "/api/cases.json", provenance=DOCUMENTED, source='Deskie API, "getting a list of cases"')
    def list_cases(self, call: Call) -> Reply:
        """List cases by filters; merged cases and running chats only where they are asked for (observed)."""
        params = self.service.query(call)
        tests = self._asked_and_allowed(call, params)
        merged, chats = bool(params.flag("show_merged_cases")), bool(params.flag("show_active_chats"))
        if merged != chats:
            tests.append(lambda case: (merged or not case.parent_case_id) and (chats or not case.active_chat))
        if not self.service.flag("list_removed"):
            tests.append(lambda case: not (case.deleted or case.spam))
        known = self.service.searchable_count(call, "case")
        if known is not None:
            tests.append(lambda case: case.case_id <= known)
        bounds = self.service.choice("time_bounds")
        sort = params.text("sort")
        query = CaseQuery(
            created=window(params, "", bounds),
            updated=window(params, "updated_", bounds),
            tests=tests,
            sort=sort if sort in SORTS else self.service.choice("default_sort"),
        )
        times = self.account.every if merged or chats else self.account.listed
        cases, total = query.run(self.account.cases, times, self.service.page(params))
        return self.service.listing("case", cases, total, self.renderer.case)

    def _asked_and_allowed(self, call: Call, params: Params) -> list[CaseTest]:
        labels_match, staff = self.service.choice("labels_match"), self.service.access.caller(call)
        tests = case_tests(self.account, params, self.service.rules, labels_match)
        if saved := params.text("filter"):
            conditions = Params(saved_filter(saved), self.service.zone)
            tests += case_tests(self.account, conditions, self.service.rules, labels_match)
        if self.service.access.is_limited(staff):
            if self.service.choice("limited_access") == "403":
                raise no_access()
            tests.append(lambda case: self.service.access.sees(staff, case))
        return tests

    @route("POST", "/api/cases.json", provenance=DOCUMENTED, source='Deskie API, "connecting your own request form"')
    def create_case(self, call: Call) -> Reply:
        """Create a case; its content becomes the first message, an unknown customer a new user (observed)."""
        params, now = self.service.body(call, "case"), self.service.now()
        identity = identity_of(self.account, params, wrong_email="incorrect_user_email", channel_name="channel")
        if "subject" not in params:
            raise invalid("empty_subject")
        content, html = params.text("content") or "", params.text("content_html") or ""
        if not content and not html:
            raise invalid("empty_content")
        values = case_values(self.account, params)
        values.plain.setdefault("status", self.service.choice("new_case_status"))
        labels = label_ids(self.account, params, "labels")
        channel = channel_for(self.account, identity, params, self.service.choice("api_channel"))
        created = params.moment("created_at")
        files = self.service.uploaded(call, params, "case")
        user = find_user(self.account, identity) or add_user(self.account, identity, params, now)
        created_at = now if created is None else created
        case = new_case(self.account, user, values, channel=channel, created_at=created_at, now=now)
        case.labels = labels
        opening = self._add_opening(case, content, html, files)
        user.last_contact_at, user.rendered = max(created_at, user.last_contact_at or created_at), None
        if self.service.flag("autoreply"):
            self.account.outbox.append(mail_of(self.account, case, opening, "autoreply"))
        self.service.webhooks.changed(case)
        document = self.renderer.case(case)
        if files:
            document["attachments"] = self.renderer.files(files)
        return self.service.show("case", document, 201)

    def _add_opening(self, case: Case, content: str, html: str, files: list[FileEntry]) -> Message:
        return self.account.add_message(
            Message(
                message_id=self.account.next_id("message"),
                case_id=case.case_id,
                user_id=case.user_id,
                content=content,
                content_html=html,
                files=files,
                message_type="reply_user",
                created_at=case.created_at,
                sent_at=case.created_at,
            )
        )

    @route("GET", "/api/cases/<ident>.json", provenance=OBSERVED, source=PAGES)
    def show_case(self, call: Call, ident: str) -> Reply:
        """Show a case by its id or its number (observed: both)."""
        return self.service.show("case", self.renderer.case(self.service.access.case_for(call, ident)))

    @route(
        "PUT", "/api/cases/<ident>.json", provenance=DOCUMENTED, source='Deskie API, "changing parameters of the cases"'
    )
    def update_case(self, call: Call, ident: str) -> Reply:
        """Change parameters of a case; labels by `add_labels` and `delete_labels` only (observed)."""
        case, staff = self.service.access.case_for(call, ident), self.service.access.caller(call)
        params = self.service.body(call, "case")
        values = case_values(self.account, params)
        removed = set(params.integers("delete_labels"))
        added = label_ids(self.account, params, "add_labels")
        labels = [each for each in dict.fromkeys([*case.labels, *added]) if each not in removed]
        change_case(self.account, case, values, labels, staff=staff, now=self.service.now())
        self.service.webhooks.changed(case)
        return self.service.show("case", self.renderer.case(case))

    @route("PUT", "/api/cases/<ident>/rate.json", provenance=OBSERVED, source="clients: PUT with low, middle, high")
    def rate_case(self, call: Call, ident: str) -> Reply:
        """Rate a case."""
        case, params = self.service.access.case_for(call, ident), self.service.body(call, "rate")
        rating = params.choice("rating", RATINGS)
        if rating is None:
            raise invalid("wrong_rating")
        case.rating = rating
        case.rating_comment = params.text("rating_comment") or ""
        case.rated_staff_id = params.integer("rated_staff_id") or 0
        self.account.touch(case, self.service.now())
        return self.service.show("case", self.renderer.case(case))

    @route("PUT", "/api/cases/<idents>/trash.json", provenance=OBSERVED, source=PAGES)
    def trash_case(self, call: Call, idents: str) -> Reply:
        """Move cases to the trash."""
        return self._each_case(call, idents, lambda case: self._flag_case(case, deleted=True, spam=case.spam))

    @route("PUT", "/api/cases/<idents>/spam.json", provenance=OBSERVED, source=PAGES)
    def spam_case(self, call: Call, idents: str) -> Reply:
        """Mark cases as spam."""
        return self._each_case(call, idents, lambda case: self._flag_case(case, deleted=case.deleted, spam=True))

    @route("PUT", "/api/cases/<idents>/restore.json", provenance=OBSERVED, source=PAGES)
    def restore_case(self, call: Call, idents: str) -> Reply:
        """Bring cases back from trash or spam."""
        return self._each_case(call, idents, lambda case: self._flag_case(case, deleted=False, spam=False))

    @route("DELETE", "/api/cases/<idents>.json", provenance=OBSERVED, source=PAGES)
    def delete_case(self, call: Call, idents: str) -> Reply:
        """Delete cases for good; whether they have to be in the trash first is a switch."""
        return self._each_case(call, idents, self._delete_case, deleting=True)

    def _flag_case(self, case: Case, *, deleted: bool, spam: bool) -> None:
        case.deleted, case.spam = deleted, spam
        self.account.touch(case, self.service.now())

    def _delete_case(self, case: Case) -> None:
        if self.service.flag("delete_needs_trash") and not case.deleted:
            raise invalid("case_not_in_trash")
        self.account.drop_case(case)

    def _each_case(self, call: Call, idents: str, act: Callable[[Case], None], *, deleting: bool = False) -> Reply:
        names = [name.strip() for name in idents.split(",") if name.strip()]
        if "," not in idents:
            case = self.service.access.case_for(call, idents)
            act(case)
            return self.service.done() if deleting else self.service.show("case", self.renderer.case(case))
        if len(names) > _BULK:
            raise invalid("too_many_cases")
        done: list[int] = []
        for name in dict.fromkeys(names):
            try:
                case = self.service.access.case_for(call, name)
                act(case)
            except Refused:
                continue
            done.append(case.case_id)
        return Reply.json({"case_success_id": done}, indent=4)
