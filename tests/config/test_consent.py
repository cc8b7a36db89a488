"""Consent: a file that was merely found takes no secret of the user's to a place that the user did not name."""

import json
import os
import socket
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args, get_type_hints

import attrs
import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import connect
from helpdesk_bridge.adapter import Capabilities, Secret, Vendor
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.config import consent, registry
from helpdesk_bridge.config.consent import trusted_origin
from helpdesk_bridge.config.file import LARGEST, load_file
from helpdesk_bridge.config.settings import CommonSettings, example, from_file, from_table, user_folder
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.desk.connection import Desks, open_config
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.http.origin import NotAUrl, Origin
from helpdesk_bridge.testing.simulator.server import SimulatorServer

CANARY = "canary-secret-4711"
ANOTHER_USER = 4711


@frozen(kw_only=True)
class Settings:
    api_key: Secret
    password: Secret | None = None
    webhook_token: Secret | None = None
    inbox: Path | None = None
    mirror: str | None = field(default=None)


ACME = Vendor(
    name="acme", title="Acme", settings=Settings, account=lambda s: "a", policy=lambda s: None,
    capabilities=lambda s: Capabilities(vendor="acme"), open="nowhere:open", domains=("acme.example",),
)  # fmt: skip


@pytest.fixture(autouse=True)
def found(monkeypatch, tmp_path):
    """A working folder that is not the user's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ACME_KEY", CANARY)
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)
    folder = tmp_path / "found"
    folder.mkdir()
    monkeypatch.chdir(folder)
    unregister = registry.register(ACME)
    yield folder
    unregister()


def write(path, name="support", **values):
    table = {"vendor": "acme", "api_key": "env:ACME_KEY", **values}
    lines = [f"[desks.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items() if value is not ...)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def refused(name="support", config=None, **overrides):
    with pytest.raises(ConfigError) as caught:
        from_file(name, config, **overrides)
    assert CANARY not in str(caught.value)
    return str(caught.value)


def asks(**overrides):
    said = refused(**overrides)
    return "helpdesk-bridge trust" in said and "--config" in said


@contextmanager
def common_key(monkeypatch, name):
    """Give every desk a key that this version may not have yet."""
    if name in attrs.fields_dict(CommonSettings):
        yield
        return
    import helpdesk_bridge.config.settings as module

    with monkeypatch.context() as patch:
        later = attrs.make_class("CommonSettings", {name: attrs.field(default=None)}, (CommonSettings,), kw_only=True)
        patch.setattr(module, "CommonSettings", later)
        patch.setattr(module, "_COMMON_TYPES", {**module._COMMON_TYPES, name: (str, bool)})
        yield


LOOPBACK = (
    "http://127.0.0.1:1",
    "http://localhost",
    "http://127.9.9.9:8080/prefix",
    "http://[::1]:1",
    "https://[0:0::1]",
)
LEADING = {
    **{f"loopback as {url}": {"base_url": url} for url in LOOPBACK},
    "redis": {"budget": "redis://127.0.0.1:6379/0"},
    "redis with TLS": {"budget": "rediss://user:pw@budget.example/0"},
    "postgresql": {"budget": "postgresql://budget@127.0.0.1/budgets"},
    "a budget by reference": {"budget": "env:BUDGET_URL"},
    "an inbox elsewhere": {"inbox": "/srv/inbox.db"},
    "an inbox above": {"inbox": "../inbox.db"},
    "an inbox of the home": {"inbox": "~/inbox.db"},
    "another URL": {"mirror": "https://mirror.example"},
}


@pytest.mark.filterwarnings("ignore::helpdesk_bridge.config.settings.SecretInConfigWarning")
@pytest.mark.parametrize("values", LEADING.values(), ids=LEADING)
@pytest.mark.parametrize("key", ["api_key", "password", "webhook_token"])
def test_a_found_file_that_takes_a_secret_by_reference_elsewhere_asks_once(found, values, key, monkeypatch):
    monkeypatch.setenv("BUDGET_URL", "redis://127.0.0.1/0")
    path = write(found / "helpdesk.toml", **{"api_key": "made-up", key: "env:ACME_KEY", **values})
    assert asks()
    assert "pw" not in refused()
    assert run(["trust"]) == 0
    assert from_file("support").settings.api_key.reveal()
    path.write_text(path.read_text() + "# another byte\n")
    assert "changed since you trusted it" in refused()
    assert run(["trust"]) == 0
    from_file("support")
    assert run(["trust", "--revoke"]) == 0
    assert asks()


@pytest.mark.parametrize("reference", ["env:ACME_KEY", "file:key", "keyring:service/user"])
def test_each_way_to_name_a_secret_counts_and_nothing_is_fetched_before_the_consent(found, reference, monkeypatch):
    monkeypatch.delenv("ACME_KEY")  # fetching it would be another error
    write(found / "helpdesk.toml", api_key=reference, base_url="http://127.0.0.1:1")
    assert asks()
    assert run(["trust"]) == 0


@pytest.mark.parametrize("key", [*consent.LEADS, "address_of_tomorrow"])
def test_keys_of_tomorrow_that_lead_elsewhere_are_covered_the_moment_they_are_there(found, monkeypatch, key):
    with common_key(monkeypatch, key):
        write(found / "helpdesk.toml", **{key: "redis://127.0.0.1/0" if key == "budget" else "somewhere"})
        assert asks()
        assert key in refused()


def test_every_key_of_every_desk_is_declared():
    """A new key of all desks says whether it decides where a request goes, or who can read it."""
    hints = get_type_hints(CommonSettings)
    declared = {*consent.LEADS, *consent.STAYS, "base_url"}
    assert {
        key for key, hint in hints.items() if key not in declared and Secret not in (get_args(hint) or (hint,))
    } == set()
    assert not consent.LEADS.keys() & consent.STAYS


def test_a_secret_of_tomorrow_counts_and_leads_nowhere_itself(found, monkeypatch):
    with common_key(monkeypatch, "previous_api_key"):
        write(
            found / "helpdesk.toml", api_key="made-up", previous_api_key="env:ACME_KEY", base_url="http://127.0.0.1:1"
        )
        assert asks()
        assert "your secret (previous_api_key)" in refused()
        write(found / "helpdesk.toml", previous_api_key="env:ACME_KEY")
        from_file("support")


@pytest.mark.parametrize("value", [["made-up", "env:A"], {"old": "file:b"}, {"deep": [{"er": "keyring:c/d"}]}])
def test_a_secret_in_a_list_or_table_under_a_key_counts(value):
    assert consent.references({"webhook_token": value, "tags": value}, without=("tags",)) == ("webhook_token",)
    assert consent.references({"webhook_token": ["made-up"], "base_url": "https://env:80"}) == ()


def test_a_budgets_reference_counts_and_its_file_is_a_place():
    assert consent.references({"budget": "env:BUDGET_URL"}) == ("budget",)
    assert consent.references({"budget": "keyring:budget/me"}) == ("budget",)
    assert consent.references({"budget": "file:shared.budget"}) == ()


@pytest.mark.parametrize(
    "budget",
    [
        "redis://h/0",
        "rediss://h/0",
        "postgresql://h/d",
        "postgresql+psycopg://u:pw@h/d",
        "unix:///run/x",
        "",
        "env:BUDGET_URL",
        "keyring:budget/me",
    ],
)
def test_a_budget_that_is_not_on_this_disk_or_in_memory_leads_to_a_server(found, budget):
    reached = consent.reaches({"budget": budget, "reserve": 1}, ACME, {}, ("budget", "reserve"), found)
    assert [str(one) for one in reached] == ["a budget server (budget)"]


@pytest.mark.parametrize("vendor", registry.names())
def test_every_secret_of_every_vendor_counts(found, vendor, monkeypatch):
    settings = registry.vendor(vendor).settings
    hints = get_type_hints(settings)
    secrets = [key for key, hint in hints.items() if Secret in (get_args(hint) or (hint,))]
    made_up = {key: value for key, value in registry.vendor(vendor).example.items() if key != "base_url"}
    for key in secrets:
        write(found / "helpdesk.toml", **{
            "api_key": ..., **made_up, "vendor": vendor, key: "env:ACME_KEY", "base_url": "http://127.0.0.1:1",
        })  # fmt: skip
        assert asks(), key
    if vendor != "local":
        assert secrets


@pytest.mark.parametrize(
    "values",
    [
        {"base_url": "http://127.0.0.1:1", "api_key": "made-up", "time_scale": 3600.0},
        {"base_url": "http://127.0.0.1:1", "api_key": "made-up", "budget": "file:shared.budget"},
        {"budget": "redis://127.0.0.1:1/0", "api_key": "made-up"},
        {"inbox": "/srv/inbox.db", "api_key": "made-up"},
    ],
)
@pytest.mark.filterwarnings("ignore::helpdesk_bridge.config.settings.SecretInConfigWarning")
def test_made_up_literals_are_free(found, values):
    write(found / "helpdesk.toml", **values)
    from_file("support")


@pytest.mark.parametrize(
    "values",
    [{}, {"base_url": "https://eu.acme.example"}, {"budget": "memory"}, {"budget": "file:b"}, {"inbox": "inbox.db"}],
)
def test_a_found_file_that_stays_with_its_vendor_is_free(found, values):
    write(found / "helpdesk.toml", **values)
    from_file("support")


def test_an_inbox_that_is_a_link_out_of_the_folder_counts(found, tmp_path):
    (found / "inbox.db").symlink_to(tmp_path / "elsewhere.db")
    write(found / "helpdesk.toml", inbox="inbox.db")
    assert asks()


def test_a_file_that_the_user_named_is_the_users_own_word(found, monkeypatch):
    path = write(found / "helpdesk.toml", base_url="http://127.0.0.1:1", budget="redis://127.0.0.1:1/0")
    assert asks()
    from_file("support", path)
    from_file("support", "helpdesk.toml")
    monkeypatch.setenv("HELPDESK_BRIDGE_CONFIG", "helpdesk.toml")
    from_file("support")


def test_the_users_own_file_is_the_users_own_word_by_whatever_way_it_is_reached(found, monkeypatch):
    path = write(user_folder() / "helpdesk.toml", base_url="http://127.0.0.1:1")
    from_file("support")
    (found / "helpdesk.toml").symlink_to(path)
    from_file("support")
    monkeypatch.chdir(path.parent)
    from_file("support")


@pytest.mark.parametrize("value", ["here", "./here", ""])
def test_a_relative_configuration_folder_is_never_the_working_folder(found, monkeypatch, value):
    monkeypatch.setenv("XDG_CONFIG_HOME", value)
    assert user_folder() == Path.home() / ".config" / "helpdesk-bridge"
    monkeypatch.setenv("HOME", "here")
    write(found / "here" / ".config" / "helpdesk-bridge" / "helpdesk.toml", base_url="http://127.0.0.1:1")
    with pytest.raises(ConfigError, match="HOME"):
        from_file("support")


def test_a_file_reached_by_a_link_is_trusted_where_it_is(found, tmp_path):
    real = write(tmp_path / "shared" / "some.toml", base_url="http://127.0.0.1:1")
    (found / "helpdesk.toml").symlink_to(real)
    assert asks()
    assert run(["trust"]) == 0
    from_file("support")
    other = write(tmp_path / "evil" / "some.toml", base_url="http://127.0.0.1:1")
    (found / "helpdesk.toml").unlink()
    (found / "helpdesk.toml").symlink_to(other)
    assert asks(), "the same bytes at another path"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.filterwarnings("ignore::helpdesk_bridge.config.settings.SecretInConfigWarning")
@pytest.mark.parametrize("given_away", ["the file", "a link to it", "what the link points to"])
def test_a_found_file_of_another_user_asks_whatever_is_in_it(found, tmp_path, given_away):
    path = write(found / "helpdesk.toml", api_key="made-up")
    from_file("support")
    if given_away != "the file":
        path.rename(tmp_path / "real.toml")
        path.symlink_to(tmp_path / "real.toml")
    os.chown(path, ANOTHER_USER, ANOTHER_USER, follow_symlinks=given_away == "what the link points to")
    assert "another user" in refused()
    from_file("support", path)
    with pytest.raises(ConfigError, match="another user"):
        Desks()["support"]
    assert run(["desks"]) == 4
    assert run(["trust"]) == 0
    from_file("support")
    assert run(["desks"]) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_in_the_users_folder_says_nothing(found):
    users = user_folder() / "helpdesk.toml"
    users.parent.mkdir(parents=True)
    users.write_text('[desks.support]\ntrusted_origin = "https://evil.example"\n')
    write(found / "helpdesk.toml", base_url="https://evil.example")
    from_file("support")
    os.chown(users, ANOTHER_USER, ANOTHER_USER)
    assert "trusted_origin" in refused()


def test_what_the_program_says_is_its_own_word_and_what_the_file_says_is_not(found):
    write(found / "helpdesk.toml")
    from_file("support", base_url="http://127.0.0.1:1")
    write(found / "helpdesk.toml", base_url="http://127.0.0.1:1")
    from_file("support", base_url="https://eu.acme.example")
    write(found / "helpdesk.toml", base_url="http://127.0.0.1:1", api_key="made-up")
    from_file("support")
    assert asks(api_key="env:ACME_KEY"), "the program's secret at the file's address"
    assert asks(api_key=CANARY)
    assert asks(api_key=Secret(CANARY))


def test_a_consent_to_the_file_is_none_to_an_address_of_the_program(found):
    write(found / "helpdesk.toml", base_url="https://help.example")
    assert "trusted_origin" in refused()
    assert run(["trust"]) == 0
    from_file("support")
    said = refused(base_url="https://evil.example")
    assert "evil.example" in said
    assert "helpdesk-bridge trust" not in said


def test_consent_is_for_one_host_and_not_for_the_name_of_a_desk(found):
    users = user_folder() / "helpdesk.toml"
    users.parent.mkdir(parents=True)
    users.write_text('[desks.support]\ntrusted_origin = "https://help.example:8443"\n')
    write(found / "helpdesk.toml", base_url="https://help.example:8443/prefix")
    from_file("support")
    for url in (
        "https://evil.example",
        "https://help.example",
        "https://help.example:443",
        "https://x.help.example:8443",
    ):
        write(found / "helpdesk.toml", base_url=url)
        assert "trusted_origin" in refused(), url
        write(found / "named.toml", base_url=url)
        assert "trusted_origin" in refused(config=found / "named.toml"), url
        with pytest.raises(ConfigError, match="trusted_origin"):
            from_table({"vendor": "acme", "api_key": "env:ACME_KEY", "base_url": url}, name="support")
    write(found / "helpdesk.toml", name="other", base_url="https://help.example:8443")
    assert "trusted_origin" in refused("other"), "another desk has another secret"


def test_an_origin_on_this_machine_can_be_trusted_in_the_users_configuration(found):
    users = user_folder() / "helpdesk.toml"
    users.parent.mkdir(parents=True)
    users.write_text('[desks.support]\ntrusted_origin = "http://127.0.0.1:4711"\n')
    write(found / "helpdesk.toml", base_url="http://127.0.0.1:4711")
    from_file("support")
    write(found / "helpdesk.toml", base_url="http://127.0.0.1:4712")
    assert asks()
    write(found / "helpdesk.toml", base_url="http://127.0.0.1:4711", budget="redis://127.0.0.1:1/0")
    assert asks()


SAME = ["https://help.example", "HTTPS://Help.EXAMPLE", "https://help.example:443", "https://help.example/",
        "https://help.example:0443", "https://help.example:"]  # fmt: skip
OTHERS = [
    "https://help.example.", "https://help.example:8443", "https://help.example.evil.example", "https://xhelp.example",
    "https://xn--hlp-bma.example", "https://help-example", "https://127.1", "https://0x7f000001", "https://0.0.0.0",
    "https://evilacme.example", "https://acme.example.evil.example", "https://[::ffff:127.0.0.1]", "https://localhost.",
]  # fmt: skip
NO_ORIGINS = [
    "https://help.example@evil.example", "https://user:pw@help.example", "https://evil.example\\@help.example",
    "https://hélp.example", "https://ｈelp.example", "https://help。example", "https://\N{KELVIN SIGN}elp.example",
    "https://help.example%2eevil.example", "https://help.example%00", "https://help example", "https://[::1",
    "https://[::1%25eth0]", "https://[fe80::1%eth0]", "https://[v1.fe80::a]", "https://[:::]", "https:help.example",
    "//help.example", "help.example", "https://", "https://help.example:٤٤٣", "https://help.example:99999", "",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SAME)
def test_every_spelling_of_one_origin_is_that_origin(found, spelling):
    users = user_folder() / "helpdesk.toml"
    users.parent.mkdir(parents=True)
    users.write_text(f"[desks.support]\ntrusted_origin = {json.dumps(spelling)}\n")
    for url in SAME:
        write(found / "helpdesk.toml", base_url=url)
        assert from_file("support").common.base_url == "https://help.example"


@pytest.mark.parametrize("url", [*OTHERS, *NO_ORIGINS])
def test_what_only_looks_like_a_trusted_origin_gets_no_secret(found, url):
    users = user_folder() / "helpdesk.toml"
    users.parent.mkdir(parents=True)
    users.write_text('[desks.support]\ntrusted_origin = "https://help.example"\n')
    write(found / "helpdesk.toml", base_url=url)
    assert "base_url" in refused()


@pytest.mark.parametrize(
    "value",
    [
        True,
        5,
        ["https://help.example"],
        *NO_ORIGINS,
        "https://help.example/prefix",
        "https://help.example?x",
        "https://help.example#",
    ],
)
def test_a_trusted_origin_that_is_no_origin_says_how_to_write_one(value):
    with pytest.raises(ConfigError, match=r"trusted_origin: .*https://helpdesk") as caught:
        trusted_origin(value, "[desks.support]")
    assert "pw" not in str(caught.value)


@given(st.ip_addresses(v=6))
def test_every_spelling_of_an_address_is_one_origin(address):
    spellings = {address.compressed, address.exploded, address.exploded.upper()}
    assert len({Origin.parse(f"https://[{one}]") for one in spellings}) == 1


@given(st.text(alphabet="htps:/.@?#\\[]%0179 aé\N{KELVIN SIGN}ſ。-", max_size=24).map("https://".__add__))
def test_an_origin_is_plain_text_that_reads_back_as_itself(url):
    try:
        origin = Origin.parse(url)
    except NotAUrl:
        return
    assert str(origin).isascii()
    assert Origin.parse(str(origin)) == origin


def test_the_consent_is_to_the_bytes_that_are_parsed(found, monkeypatch):
    """A file that is exchanged while it is read is judged by what was read."""
    path = write(found / "helpdesk.toml", base_url="http://127.0.0.1:1")
    assert run(["trust"]) == 0
    honest = load_file()
    write(path, base_url="http://127.0.0.1:2")
    other = load_file()
    assert consent.is_consented(honest)
    assert not consent.is_consented(other)
    real_open = os.open

    def exchanging(name, *args, **kwargs):
        descriptor = real_open(name, *args, **kwargs)
        if str(name) == str(path):  # after the descriptor, before its bytes and the record are read
            other = write(path.with_name("other.toml"), base_url="http://127.0.0.1:1")
            other.replace(path)
        return descriptor

    monkeypatch.setattr("helpdesk_bridge.private_files.os.open", exchanging)
    assert "127.0.0.1:2" in refused()
    assert from_file("support").common.base_url == "http://127.0.0.1:1"


def test_the_record_is_the_owners_alone_whatever_the_umask(found):
    write(found / "helpdesk.toml", base_url="http://127.0.0.1:1")
    before = os.umask(0)
    try:
        assert run(["trust"]) == 0
    finally:
        os.umask(before)
    records = [one for one in user_folder().rglob("*") if one.is_file()]
    assert [stat.S_IMODE(one.stat().st_mode) for one in records] == [0o600]
    for folder in (user_folder().parent, user_folder(), records[0].parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("spoil", ["link", "shared", "foreign", "no JSON", "a list", "another path", "a folder"])
def test_a_record_that_others_could_have_written_is_no_consent(found, tmp_path, spoil):
    write(found / "helpdesk.toml", base_url="http://127.0.0.1:1")
    assert run(["trust"]) == 0
    (record,) = (user_folder() / "trusted").iterdir()
    if spoil == "link":
        record.rename(tmp_path / "record")
        record.symlink_to(tmp_path / "record")
    elif spoil == "shared":
        record.chmod(0o660)
    elif spoil == "foreign":
        if os.geteuid() != 0:
            pytest.skip("only root can give files away")
        os.chown(record, ANOTHER_USER, ANOTHER_USER)
    elif spoil == "no JSON":
        record.write_text("{" * 5000)
    elif spoil == "a list":
        record.write_text("[]")
    elif spoil == "another path":
        record.write_text(json.dumps({**json.loads(record.read_text()), "path": "/elsewhere"}))
    else:
        record.unlink()
        record.mkdir()
    assert asks()
    if spoil != "a folder":
        assert run(["trust"]) == 0
        from_file("support")


@pytest.mark.parametrize("making", ["fifo", "folder", "huge", "not utf-8", "a long number", "deep"])
def test_a_file_that_is_no_configuration_is_refused_at_once(found, making):
    path = found / "helpdesk.toml"
    if making == "fifo":
        os.mkfifo(path)
    elif making == "folder":
        path.mkdir()
    elif making == "huge":
        path.write_bytes(b"#" * (LARGEST + 1))
    elif making == "not utf-8":
        path.write_bytes(b"\xff")
    elif making == "a long number":
        path.write_text("[desks.support]\ntimeout = " + "9" * 5000)
    else:
        path.write_text("[desks.support]\nx = " + "[" * 100_000)
    refused()
    assert run(["trust"]) == 4


def test_a_secret_file_that_never_ends_or_is_large_is_refused(found):
    os.mkfifo(found / "pipe", 0o600)
    (found / "large").write_text("x" * 100_000)
    (found / "large").chmod(0o600)
    for name in ("pipe", "large"):
        write(found / "helpdesk.toml", api_key=f"file:{name}")
        assert "api_key" in refused()


def test_a_desk_that_only_holds_a_consent_is_no_desk_of_the_listing(capsys):
    path = write(user_folder() / "helpdesk.toml", name="own")
    path.write_text(path.read_text() + '[desks.support]\ntrusted_origin = "https://help.example"\n')
    assert run(["desks"]) == 0
    assert "support" not in capsys.readouterr().out


def test_trust_shows_where_each_desk_takes_a_secret_and_fetches_none(found, capsys, monkeypatch):
    monkeypatch.delenv("ACME_KEY")
    path = write(found / "helpdesk.toml", base_url="http://127.0.0.1:4711", budget="redis://u:hidden@budget.example/0")
    path.write_text(path.read_text() + '[desks.quiet]\nvendor = "acme"\napi_key = "env:ACME_KEY"\n')
    assert run(["trust"]) == 0
    out = capsys.readouterr().out
    assert out == "support: api_key -> this machine: http://127.0.0.1:4711 (base_url), a budget server (budget)\n"
    assert run(["trust", "--json", str(path)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["trusted"] is True
    assert shown["desks"] == [
        {
            "desk": "support",
            "secrets": ["api_key"],
            "places": ["this machine: http://127.0.0.1:4711 (base_url)", "a budget server (budget)"],
        }
    ]
    assert run(["--config", str(found / "nowhere.toml"), "trust"]) == 4


def test_nothing_reaches_a_listener_that_a_found_file_names(found):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        made_up: dict[str, Any] = {**registry.vendor("deskie").example, "vendor": "deskie", "base_url": url}
        write(found / "helpdesk.toml", **{**made_up, "api_key": "env:ACME_KEY"})
        for words in (["check", "support"], ["tickets", "list", "support"], ["desks"], ["capabilities", "support"]):
            assert run(words) == 4
        with pytest.raises(ConfigError):
            connect("support")
        with pytest.raises(ConfigError):
            Desks()["support"]
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_simulator_of_a_found_file_is_asked_with_a_secret_only_after_the_consent(found, monkeypatch):
    make = registry.load(registry.vendor("deskie").simulator)
    with SimulatorServer(make(generate(3))) as server:
        connection = dict(server.app.connection)
        monkeypatch.setenv("ACME_KEY", connection["api_key"])
        write(
            found / "helpdesk.toml",
            vendor="deskie",
            **{**connection, "api_key": "env:ACME_KEY", "base_url": server.url},
        )
        assert run(["tickets", "list", "support"]) == 4
        assert run(["trust"]) == 0
        assert run(["tickets", "list", "support"]) == 0


def test_a_table_of_a_program_needs_no_file():
    with open_config(example("deskie")) as desk:
        assert desk.vendor == "deskie"
