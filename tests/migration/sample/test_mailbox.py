import pytest
from migration.sample.imap_server import serving

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.migration.sample.mailbox import Mail, Mailbox, MailboxUnread


@pytest.fixture
def server():
    with serving() as server:
        yield server


def test_only_what_arrived_since_is_read_and_nothing_is_marked(server):
    box = Mailbox.of(server.url, "--canary-imap")
    server.arrive("before")
    first = box.next_uid()
    assert box.since(first) == []
    server.arrive("=?utf-8?q?Deine_Anfrage_=E2=9C=93?=")
    server.arrive("a\x1b[2Jtwo")
    assert box.since(first) == [
        Mail(2, "helpdesk@vendor.example", "Deine Anfrage ✓"),
        Mail(3, "helpdesk@vendor.example", "a\N{REPLACEMENT CHARACTER}[2Jtwo"),
    ]
    assert {word.upper() for word in server.asked} <= {"CAPABILITY", "LOGIN", "EXAMINE", "STATUS", "UID", "LOGOUT"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "imaps://host/INBOX",
        "imaps://user@host",
        "https://user:word@host",
        "imaps://user:word@host:99999",
        "imaps://user:word%0d%0a@host",
        "imaps://:word@host",
    ],
)
def test_what_is_no_mailbox_is_refused_without_its_password(url):
    with pytest.raises(ConfigError, match="--canary-imap: write imaps://") as raised:
        Mailbox.of(url, "--canary-imap")
    assert "word" not in str(raised.value).replace("PASSWORD", "")


def test_a_wrong_password_a_wrong_mailbox_and_no_server_are_said_without_the_password(server):
    for url, said in (
        (server.url.replace("word", "other"), "refused the user"),
        (server.url.replace("INBOX", "Elsewhere"), "no mailbox 'Elsewhere'"),
        ("imap://u:secretword@127.0.0.1:1/INBOX", "cannot be reached"),
    ):
        with pytest.raises(MailboxUnread, match=said) as raised:
            Mailbox.of(url, "x").next_uid()
        assert "secretword" not in str(raised.value)
        assert "other" not in str(raised.value)


def test_a_password_is_not_shown(server):
    assert 'pa"ss' not in repr(Mailbox.of(server.url, "x"))
