"""Messages and notes of a case; the mail that an agent's reply sends is kept in the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.testing.simulator.app import ASSUMED, OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.lists import LONGEST_PAGE
from helpdesk_bridge_deskie.simulator.records.case_writes import mail_of, set_status
from helpdesk_bridge_deskie.simulator.records.records import RATINGS, Case, Message
from helpdesk_bridge_deskie.simulator.refusals import invalid, missing
from helpdesk_bridge_deskie.simulator.service import PAGES, RouteGroup

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.parameters import Params

_MESSAGE = "/api/cases/<ident>/messages/<int:message_id>.json"


class MessageRoutes(RouteGroup):
    """The calls on messages and notes."""

    @route("GET", "/api/cases/<ident>/messages.json", provenance=OBSERVED, source=PAGES)
    def list_messages(self, call: Call, ident: str) -> Reply:
        """List a thread with its notes, oldest first; without page and limit its last 100 messages (observed)."""
        thread = self.account.messages[self.service.access.case_for(call, ident).case_id]
        params = self.service.query(call)
        descending = params.text("order") == "desc"
        if "page" in params or "limit" in params:
            page = self.service.page(params)
            ordered = thread[::-1] if descending else thread
            shown = ordered[page.start : page.stop]
        else:
            shown = thread[-LONGEST_PAGE:]
            if descending:
                shown = shown[::-1]
        return self.service.listing("message", shown, len(thread), self.renderer.message)

    @route("POST", "/api/cases/<ident>/messages.json", provenance=OBSERVED, source=PAGES)
    def create_message(self, call: Call, ident: str) -> Reply:
        """Add a reply by the user or an agent that the body names, else by the calling agent (assumed)."""
        case, params = self.service.access.case_for(call, ident), self.service.body(call, "message")
        user_id, staff_id = self._author(call, params)
        silent = params.flag("do_not_send_email")
        send_at = params.moment("send_at")
        message = self._written(call, case, params, "message")
        message.user_id, message.staff_id = user_id, staff_id
        message.message_type = "reply_staff" if staff_id else "reply_user"
        if send_at is not None:
            message.sent_at = send_at
        self.account.add_message(message)
        self._effects(case, message)
        if staff_id and not silent:
            self.account.outbox.append(mail_of(self.account, case, message, "reply"))
        self.account.touch(case, self.service.now())
        self.service.webhooks.changed(case, message)
        return self.service.show("message", self.renderer.message(message), 201)

    @route("PUT", _MESSAGE, provenance=OBSERVED, source="clients: PUT; one text says POST")
    def update_message(self, call: Call, ident: str, message_id: int) -> Reply:
        """Edit a reply."""
        return self._edit(call, ident, message_id, note=False)

    @route("DELETE", _MESSAGE, provenance=OBSERVED, source=PAGES)
    def delete_message(self, call: Call, ident: str, message_id: int) -> Reply:
        """Delete a reply."""
        return self._remove(call, ident, message_id, note=False)

    @route(
        "PUT", "/api/cases/<ident>/rate/<int:message_id>.json", provenance=OBSERVED, source="a client's code and test"
    )
    def rate_message(self, call: Call, ident: str, message_id: int) -> Reply:
        """Rate a reply."""
        case = self.service.access.case_for(call, ident)
        message, params = self._message(case, message_id, note=False), self.service.body(call, "rate")
        rating = params.choice("rating", RATINGS)
        if rating is None:
            raise invalid("wrong_rating")
        message.rating, message.rating_comment = rating, params.text("rating_comment") or ""
        message.rated_staff_id, message.rendered = message.staff_id, None
        self.account.touch(case, self.service.now())
        return self.service.show("message", self.renderer.message(message))

    @route("POST", "/api/cases/<ident>/note.json", provenance=OBSERVED, source=PAGES)
    @route("POST", "/api/cases/<ident>/notes.json", provenance=OBSERVED, source="a client of 2016")
    def create_note(self, call: Call, ident: str) -> Reply:
        """Add a note of the calling agent (assumed: notes take no author); the answer calls it message (observed)."""
        case, params = self.service.access.case_for(call, ident), self.service.body(call, "note")
        note = self._written(call, case, params, "note")
        note.staff_id, note.note, note.message_type = self.service.access.caller(call).staff_id, True, "note_regular"
        self.account.add_message(note)
        self.account.touch(case, self.service.now())
        self.service.webhooks.changed(case, note)
        return self.service.show("message", self.renderer.message(note), 201)

    @route("PUT", "/api/cases/<ident>/note/<int:message_id>.json", provenance=OBSERVED, source="a client's code")
    @route("PUT", "/api/cases/<ident>/notes/<int:message_id>.json", provenance=ASSUMED, source="as for creating")
    def update_note(self, call: Call, ident: str, message_id: int) -> Reply:
        """Edit a note."""
        return self._edit(call, ident, message_id, note=True)

    @route("DELETE", "/api/cases/<ident>/note/<int:message_id>.json", provenance=OBSERVED, source="a client's code")
    @route("DELETE", "/api/cases/<ident>/notes/<int:message_id>.json", provenance=ASSUMED, source="as for creating")
    def delete_note(self, call: Call, ident: str, message_id: int) -> Reply:
        """Delete a note."""
        return self._remove(call, ident, message_id, note=True)

    def _author(self, call: Call, params: Params) -> tuple[int, int]:
        user_id, staff_id = params.integer("user_id") or self._custom_user(params), params.integer("staff_id") or 0
        if user_id and staff_id:
            raise invalid("wrong_message_author")
        if user_id:
            if user_id not in self.account.users:
                raise invalid("user_not_found")
            return user_id, 0
        if not staff_id:
            return 0, self.service.access.caller(call).staff_id
        staff = self.account.staff.get(staff_id)
        if staff is None:
            raise invalid("staff_not_found")
        if not staff.active:
            raise invalid("staff_not_active")
        return 0, staff_id

    def _custom_user(self, params: Params) -> int:
        """Return the user whom a custom channel's bot names by its own id (observed), 0 without that id."""
        given = params.text("user_custom_id")
        if not given:
            return 0
        users = self.account.users_known_as("custom", given)
        if not users:
            raise invalid("user_not_found")
        return users[0].user_id

    def _written(self, call: Call, case: Case, params: Params, wrapper: str) -> Message:
        content, html = params.text("content") or "", params.text("content_html") or ""
        if not content and not html:
            raise invalid("empty_content")
        created, now = params.moment("created_at"), self.service.now()
        files = self.service.uploaded(call, params, wrapper)
        moment = now if created is None else created
        return Message(
            message_id=self.account.next_id("message"),
            case_id=case.case_id,
            content=content,
            content_html=html,
            files=files,
            created_at=moment,
            sent_at=moment,
        )

    def _effects(self, case: Case, message: Message) -> None:
        """Apply what a reply does to its case (assumed: a user's opens it, an agent's sets waiting unless closed)."""
        if message.staff_id:
            case.last_response_at = max(message.created_at, case.last_response_at or message.created_at)
        elif user := self.account.users.get(message.user_id):
            user.last_contact_at = max(message.created_at, user.last_contact_at or message.created_at)
            user.rendered = None
        if self.service.flag("status_after_reply"):
            if message.user_id:
                set_status(case, "open", self.service.now())
            elif case.status != "closed":
                set_status(case, "waiting", self.service.now())

    def _message(self, case: Case, message_id: int, *, note: bool) -> Message:
        for message in self.account.messages[case.case_id]:
            if message.message_id == message_id and message.note == note:
                return message
        raise missing("message")

    def _edit(self, call: Call, ident: str, message_id: int, *, note: bool) -> Reply:
        case = self.service.access.case_for(call, ident)
        message = self._message(case, message_id, note=note)
        params = self.service.body(call, "note" if note else "message", "message")
        content, html = params.text("content"), params.text("content_html")
        if not content and not html:
            raise invalid("empty_content")
        message.content, message.content_html, message.rendered = content or "", html or "", None
        self.account.touch(case, self.service.now())
        return self.service.show("message", self.renderer.message(message))

    def _remove(self, call: Call, ident: str, message_id: int, *, note: bool) -> Reply:
        case = self.service.access.case_for(call, ident)
        self.account.messages[case.case_id].remove(self._message(case, message_id, note=note))
        self.account.touch(case, self.service.now())
        return self.service.done()
