"""Configuration: every mistake is one clear sentence, before anything is sent."""

import warnings

import pytest
from attrs import frozen

from helpdesk_bridge import connect
from helpdesk_bridge.adapter import Capabilities, Secret, Vendor
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.settings import (
    SecretInConfigWarning,
    find_file,
    from_file,
    from_table,
    read_file,
    user_folder,
)
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.model.values import Status

CANARY = "canary-secret-4711"


@frozen(kw_only=True)
class Settings:
    account: str
    api_key: Secret
    seats: int = 3


ACME = Vendor(
    name="acme", title="Acme", settings=Settings, account=lambda s: s.account, policy=lambda s: None,
    capabilities=lambda s: Capabilities(vendor="acme"), open="nowhere:open", domains=("acme.example",),
)  # fmt: skip


@pytest.fixture(autouse=True)
def acme(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    unregister = registry.register(ACME)
    yield
    unregister()


def table(**values):
    return {"vendor": "acme", "account": "a", "api_key": CANARY, **values}


def refusal(**values):
    with pytest.raises(ConfigError) as caught:
        from_table({key: value for key, value in table(**values).items() if value is not ...}, name="support")
    assert CANARY not in str(caught.value)
    return str(caught.value)


def test_a_full_table_gives_settings_and_common_keys():
    config = from_table(table(seats=5, timeout=3, max_wait=None, base_url="https://eu.acme.example"))
    assert config.settings == Settings(account="a", api_key=Secret(CANARY), seats=5)
    assert (config.common.timeout, config.common.max_wait) == (3, None)
    assert CANARY not in repr(config)


@pytest.mark.parametrize("steps", [0, 3, -2])
def test_a_desks_turn_in_the_budgets_queue_comes_from_its_table(tmp_path, monkeypatch, steps):
    path = tmp_path / "helpdesk.toml"
    path.write_text(
        f'[desks.batch]\nvendor = "desk365"\nsubdomain = "acme"\napi_key = "env:ACME_KEY"\npriority = {steps}\n'
    )
    monkeypatch.setenv("ACME_KEY", "made-up")
    with connect("batch", path) as desk:
        assert desk.transport._top.inner.options.priority == steps


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"vendor": "acmee"}, "did you mean 'acme'"),
        ({"vendor": ...}, "needs vendor"),
        ({"acount": "x"}, "did you mean 'account'"),
        ({"api_key": ...}, "needs api_key"),
        ({"api_key": "env:NOT_SET"}, "NOT_SET is not set"),
        ({"api_key": "file:nowhere"}, "cannot be read"),
        ({"api_key": "keyring:service"}, "SERVICE/USER"),
        ({"api_key": 5}, "expected text"),
        ({"seats": "five"}, "expected int"),
        ({"seats": True}, "expected int"),
        ({"timeout": 0}, "out of range"),
        ({"priority": 1001}, "priority: 1001 is out of range; use a whole number from -1000 to 1000"),
        ({"priority": -1001}, "out of range"),
        ({"priority": 2**70}, "out of range"),
        ({"priority": 0.5}, "expected int, found float"),
        ({"priority": True}, "expected int, found bool"),
        ({"priority": "high"}, "expected int, found str"),
        ({"timeout": float("nan")}, "out of range"),
        ({"budget": "cloud"}, "budget"),
        ({"time_scale": 2}, "loopback"),
        ({"base_url": "http://acme.example"}, "https"),
        ({"base_url": "https://u:p@acme.example"}, "base_url"),
        ({"base_url": "https://acme.example/?q=1"}, "base_url"),
        ({"groups": "x"}, "groups"),
        ({"groups": {"a": "Sales", "b": "sales"}}, "are aliases of the same name"),
        ({"statuses": {"parts": {"name": "Awaiting parts", "status": "no"}}}, "statuses.parts"),
    ],
)
def test_a_mistake_names_the_key_and_the_fix(values, says):
    assert says in refusal(**values)


def test_a_secret_comes_from_the_environment_or_from_a_private_file(monkeypatch, tmp_path):
    monkeypatch.setenv("ACME_KEY", f" {CANARY}\n")
    assert from_table(table(api_key="env:ACME_KEY")).settings.api_key.reveal() == CANARY
    secret = tmp_path / "key"
    secret.write_text(CANARY)
    secret.chmod(0o600)
    assert from_table(table(api_key=f"file:{secret}")).settings.api_key.reveal() == CANARY
    secret.chmod(0o644)
    assert "chmod 600" in refusal(api_key=f"file:{secret}")


def test_a_secret_in_a_file_works_and_warns_but_not_for_a_simulator(tmp_path):
    path = tmp_path / "helpdesk.toml"
    path.write_text(f'[desks.support]\nvendor = "acme"\naccount = "a"\napi_key = "{CANARY}"\n')
    with pytest.warns(SecretInConfigWarning) as caught:
        from_file("support")
    assert CANARY not in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_file("support", base_url="http://127.0.0.1:1")


def test_the_url_of_a_budgets_server_may_be_a_reference_and_warns_if_it_holds_a_password(tmp_path, monkeypatch):
    path = tmp_path / "helpdesk.toml"
    url = f"postgresql://me:{CANARY}@db.example/budgets"
    monkeypatch.setenv("BUDGET_URL", url)

    def said(budget):
        path.write_text(f'[desks.support]\nvendor = "acme"\naccount = "a"\napi_key = "env:KEY"\nbudget = "{budget}"\n')
        return from_file("support", config=path)

    monkeypatch.setenv("KEY", "made-up")
    desk = said("env:BUDGET_URL")
    assert desk.common.budget == url
    assert CANARY not in repr(desk)
    assert said("postgresql://me@db.example/budgets").common.budget == "postgresql://me@db.example/budgets"
    with pytest.warns(SecretInConfigWarning, match="budget holds a secret as it is"):
        assert said(url).common.budget == url
    for value, message in [("made-up", "is no URL of a server"), ("", "is not set")]:
        monkeypatch.setenv("BUDGET_URL", value)
        with pytest.raises(ConfigError, match=message):
            said("env:BUDGET_URL")


def test_the_file_is_found_by_name_by_environment_here_and_in_the_users_folder(monkeypatch, tmp_path):
    with pytest.raises(ConfigError, match="no configuration found"):
        find_file()
    user_folder().mkdir(parents=True)
    (user_folder() / "helpdesk.toml").touch()
    assert find_file() == user_folder() / "helpdesk.toml"
    (tmp_path / "helpdesk.toml").touch()
    assert find_file().resolve() == tmp_path / "helpdesk.toml"
    monkeypatch.setenv("HELPDESK_BRIDGE_CONFIG", str(tmp_path / "other.toml"))
    with pytest.raises(ConfigError, match=r"other\.toml"):
        find_file()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'[desks.a]\napi_key = "{CANARY}', "is not TOML"),
        ("[desk.a]\nvendor = 'acme'", "unknown table 'desk'"),
        ("desks = 5", "tables"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_without_showing_it(tmp_path, text, says):
    path = tmp_path / "helpdesk.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says) as caught:
        read_file(path)
    assert CANARY not in str(caught.value)


def test_an_unknown_desk_names_those_that_exist(tmp_path):
    (tmp_path / "helpdesk.toml").write_text("[desks.a]\nvendor = 'acme'\n")
    with pytest.raises(ConfigError, match=r"no desk 'b' \(it has: a\)"):
        from_file("b")


def test_a_foreign_base_url_with_a_secret_by_reference_needs_the_users_own_word(monkeypatch):
    monkeypatch.setenv("ACME_KEY", CANARY)
    values = {"api_key": "env:ACME_KEY", "base_url": "https://evil.example"}
    assert "trusted_origin" in refusal(**values)
    assert "trusted_origin" in refusal(**values, trusted_origin="https://evil.example")
    user_folder().mkdir(parents=True)
    (user_folder() / "helpdesk.toml").write_text('[desks.support]\ntrusted_origin = "https://evil.example"\n')
    assert from_table(table(**values), name="support").common.base_url == "https://evil.example"


def test_a_status_alias_that_is_a_status_word_tells_what_the_vendors_word_means():
    aliases = from_table(
        table(statuses={"solved": "Erledigt", "parts": {"name": "Awaiting parts", "status": "on_hold"}, "x": "Y"})
    ).aliases
    assert aliases.status_meanings == {"erledigt": Status.SOLVED, "awaiting parts": Status.ON_HOLD}
    assert aliases.statuses.out("parts") == "Awaiting parts"
    assert aliases.statuses.into("ERLEDIGT") == "solved"


def test_a_secret_shows_nowhere():
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {[secret]}"
    with pytest.raises(TypeError):
        __import__("pickle").dumps(secret)
