"""References to files: stored in a web page, opened later, and of one ticket alone."""

import base64

import pytest
from conformance.accounts import IN_PROCESS, local, simulated

from helpdesk_bridge import Invalid, MessageDraft, NotFound, TicketDraft, Upload, WrongDesk
from helpdesk_bridge.testing.fake import FakeHelpdesk


@pytest.fixture(params=["local", "deskie", "desk365"])
def account(request):
    opened = local(":memory:") if request.param == "local" else simulated(request.param, IN_PROCESS)
    with opened as account:
        yield account


def ticket(desk, name="ann"):
    files = [Upload.from_bytes("photo.png", b"photo of " + name.encode(), "image/png")]
    draft = TicketDraft(subject="Lamp", description="See", requester=f"{name}@example.com", attachments=files)
    known = desk.tickets.create(draft)
    bill = Upload.from_bytes("Rechnung größe.csv", b"bill of " + name.encode(), "text/csv")
    same = Upload.from_bytes("Rechnung größe.csv", b"copy of " + name.encode(), "text/csv")
    desk.messages.note(known.id, MessageDraft(body="The bill", attachments=[bill, same]))
    return known


def files_of(desk, known):
    return [file for message in desk.messages.list(known.id) for file in message.attachments]


def test_a_file_is_opened_by_its_reference_without_its_thread(account):
    desk = account.desk
    known = ticket(desk)
    files = files_of(desk, known)
    refs = [file.ref for file in files]
    assert len(set(refs)) == 3
    later = desk if account.simulator is None else account.reopen()
    contents = []
    for ref in refs:
        before = 0 if account.simulator is None else len(account.simulator.requests)
        with later.attachments.open(ref, ticket=known) as stream:
            contents.append(stream.read())
        spent = 0 if account.simulator is None else len(account.simulator.requests) - before
        assert spent <= 2  # the file, and where the vendor's addresses expire one call for a fresh one
    assert contents == [b"photo of ann", b"bill of ann", b"copy of ann"]


def test_the_files_of_a_ticket_have_the_references_of_its_opening(account):
    known = ticket(account.desk)
    (file,) = account.desk.tickets.get(known.id).attachments
    with account.desk.attachments.open(file.ref, ticket=known.id) as stream:
        assert stream.read() == b"photo of ann"


def test_a_file_of_another_ticket_is_refused(account):
    desk = account.desk
    own, other = ticket(desk), ticket(desk, "eve")
    for file in files_of(desk, other):
        for given in (file, file.ref):
            with pytest.raises(NotFound, match="another ticket"):
                desk.attachments.open(given, ticket=own.id)


def test_a_reference_holds_no_address_and_no_secret(account):
    known = ticket(account.desk)
    for file in files_of(account.desk, known):
        inside = base64.urlsafe_b64decode(file.ref.rpartition("/")[2].partition(".")[0] + "==").decode()
        text = f"{file.ref} {inside}"
        assert "http" not in text
        assert "sig" not in text
        assert not [secret for secret in account.secrets if secret in text]


def test_no_reference_can_be_made_up_or_changed(account):
    desk = account.desk
    known = ticket(desk)
    ref = files_of(desk, known)[0].ref
    head, _, content = ref.rpartition("/")
    for wrong in (
        "",
        "nonsense",
        head,
        f"{head}/",
        f"{head}/x.y",
        f"{head}/ä.ä",
        ref[:-1],
        f"{head}/A{content[1:]}",
        ref + "0",
    ):
        with pytest.raises((Invalid, WrongDesk)):
            desk.attachments.open(wrong, ticket=known.id)
    with FakeHelpdesk() as other, pytest.raises(WrongDesk):
        other.attachments.open(ref)
    with pytest.raises(Invalid):
        desk.attachments.open(5)
