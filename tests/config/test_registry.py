"""Vendors by their entry points: packages as pip installs them, in a folder of the test's own."""

import importlib
import sys

import pytest
from attrs import evolve

from helpdesk_bridge import ConfigError, open_desk
from helpdesk_bridge.adapter import API_VERSION, OLDEST_API_VERSION
from helpdesk_bridge.config import registry

MODULE = """
from helpdesk_bridge.adapter import Capabilities, Vendor

class Settings:
    pass

VENDOR = Vendor(
    name="{name}", title="Notebook", settings=Settings, account=lambda settings: "a", policy=lambda settings: None,
    capabilities=lambda settings: Capabilities(vendor="Notebook"), open="nowhere:open", api_version={version},
)
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a package with an adapter, as a wheel would lie in site-packages."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(package, *, name="notebook", version=API_VERSION, source=MODULE, value="VENDOR", release="1.0"):
        module = package.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(source.format(name=name, version=version))
        info = tmp_path / f"{module}-{release}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {release}\n")
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\nnotebook = {module}:{value}\n")
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, module, raising=False)
        registry._entry_points.cache_clear()

    yield install
    registry._entry_points.cache_clear()


def test_a_package_of_this_version_is_a_vendor(install):
    install("good-notebook")
    assert registry.vendor("notebook").title == "Notebook"
    assert "notebook" in registry.names()


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (99, "upgrade helpdesk-bridge, or install an older release of the package"),
        (API_VERSION + 1, "upgrade helpdesk-bridge"),
        (OLDEST_API_VERSION - 1, "install a newer release of the package, or an older helpdesk-bridge"),
        (-1, "install a newer release"),
    ],
)
def test_a_package_for_another_version_is_refused_and_told_what_to_upgrade(install, version, says):
    install("strange-notebook", version=version)
    with pytest.raises(ConfigError) as refused:
        open_desk({"vendor": "notebook"})
    for part in ("strange-notebook 1.0", f"version {version} of helpdesk_bridge.adapter", f"{API_VERSION}", says):
        assert part in str(refused.value)


@pytest.mark.parametrize("version", ['"1"', "None", "1.5", "True"])
def test_a_version_that_is_no_whole_number_is_refused(install, version):
    install("odd-notebook", version=version)
    with pytest.raises(ConfigError, match=r"odd-notebook 1\.0 .*api_version; expected a whole number"):
        registry.vendor("notebook")


def test_a_vendor_of_this_program_is_compared_too(install):
    install("good-notebook")
    other = registry.vendor("notebook")
    unregister = registry.register(evolve(other, api_version=99))
    try:
        with pytest.raises(ConfigError, match="version 99"):
            registry.vendor("notebook")
    finally:
        unregister()


def test_two_packages_that_claim_one_name_are_both_named_and_break_no_other_vendor(install):
    install("notebook-of-ann")
    install("notebook-of-bob", release="2.1")
    with pytest.raises(ConfigError) as refused:
        registry.vendor("notebook")
    assert "notebook-of-ann 1.0 (notebook_of_ann:VENDOR) and notebook-of-bob 2.1 (notebook_of_bob:VENDOR)" in str(
        refused.value
    )
    assert "uninstall all but one" in str(refused.value)
    assert registry.vendor("local").name == "local"
    assert {"local", "notebook"} <= set(registry.names())


def test_a_package_that_is_found_twice_on_the_path_claims_its_name_once(install, tmp_path, monkeypatch):
    install("good-notebook")
    copy = tmp_path / "again"
    copy.mkdir()
    info = tmp_path / "good_notebook-1.0.dist-info"
    (copy / info.name).mkdir()
    for file in info.iterdir():
        (copy / info.name / file.name).write_bytes(file.read_bytes())
    monkeypatch.syspath_prepend(str(copy))
    registry._entry_points.cache_clear()
    assert registry.vendor("notebook").title == "Notebook"


@pytest.mark.parametrize(
    ("source", "value", "says"),
    [
        ("from helpdesk_bridge.adapter import NameOfNextYear", "VENDOR", "cannot import name 'NameOfNextYear'"),
        ("import no_such_module_anywhere", "VENDOR", "No module named 'no_such_module_anywhere'"),
        (MODULE, "WENDOR", "WENDOR"),
    ],
)
def test_a_package_that_cannot_be_loaded_is_named_with_its_reason(install, source, value, says):
    install("broken-notebook", source=source, value=value)
    with pytest.raises(ConfigError) as refused:
        registry.vendor("notebook")
    assert "broken-notebook 1.0" in str(refused.value)
    assert says in str(refused.value)
    assert "install it again" in str(refused.value)


def test_an_entry_point_that_names_no_vendor_is_refused(install):
    install("wrong-notebook", value="Settings")
    with pytest.raises(ConfigError, match=r"an entry point of helpdesk_bridge\.adapters names a Vendor"):
        registry.vendor("notebook")


def test_a_vendor_of_another_name_than_its_entry_point_is_refused(install):
    install("renamed-notebook", name="diary")
    with pytest.raises(ConfigError, match="'diary' and its entry point 'notebook'"):
        registry.vendor("notebook")
