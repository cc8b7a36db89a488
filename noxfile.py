"""What is run on this project: ``nox -l`` lists it, ``nox -s lint`` runs one part, ``nox`` all that a change needs.

Each part installs what it needs into an environment of its own. With ``--no-venv`` it takes the environment that is
there, as ``.ci/run`` does.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import nox
from packaging.requirements import Requirement
from packaging.version import Version

nox.options.sessions = ["tests", "lint", "types", "docs"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
SITE = "build/site"
DIST = "build/dist"
USERS_EXTRAS = "cli,fast,keyring,postgres,redis"


def install(session: nox.Session, *what: str) -> None:
    """Install into the session's environment, if it has one of its own."""
    if session.virtualenv.is_sandboxed:
        session.install(*what)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the quick tier: what proves behaviour, in about four minutes on two cores."""
    install(session, "-e", ".[test]")
    session.run("python", "-m", "pytest", "-q", "-n", "2", *session.posargs)


@nox.session(python=PYTHONS)
def pythons(session: nox.Session) -> None:
    """Run the quick tier on every Python that is supported."""
    install(session, "-e", ".[test]")
    session.run("python", "-m", "pytest", "-q", "-n", "2", *session.posargs)


@nox.session(python=PYTHONS[0])
def floors(session: nox.Session) -> None:
    """Run the quick tier with the oldest release of each dependency that ``pyproject.toml`` allows."""
    with TemporaryDirectory() as folder:
        constraints = Path(folder) / "floors.txt"
        constraints.write_text("".join(f"{one}\n" for one in _oldest()), "utf-8")
        session.install("-e", ".[test]", "--constraint", str(constraints))
    session.run("python", "-m", "pytest", "-q", "-n", "2", *session.posargs)


def _oldest() -> list[str]:
    """Return each lower bound of the library and its extras as the version to install, the highest where two differ."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    extras = (one for some in project["optional-dependencies"].values() for one in some)
    floors: dict[str, Version] = {}
    for required in map(Requirement, (*project["dependencies"], *extras)):
        bounds = [Version(one.version) for one in required.specifier if one.operator == ">="]
        if bounds:
            floors[required.name] = max(*bounds, floors.get(required.name, Version("0")))
    return [f"{name}=={floor}" for name, floor in sorted(floors.items())]


@nox.session
def slow(session: nox.Session) -> None:
    """Run the slow tier: long matrices, loops of kills, machines with many programs."""
    install(session, "-e", ".[test]")
    session.run("python", "-m", "pytest", "-q", "-n", "2", "-m", "slow", *session.posargs)


@nox.session
def exhaustive(session: nox.Session) -> None:
    """Run the exhaustive tier: every fault and every kill at every point, and five times the examples of each property.

    Takes hours; a scheduled workflow runs it.
    """
    install(session, "-e", ".[test]")
    session.run("python", "-m", "pytest", "-q", "-n", "2", "-m", "exhaustive", *session.posargs)
    properties = ("-m", "hypothesis and not exhaustive")
    session.run(
        "python", "-m", "pytest", "-q", "-n", "2", *properties, *session.posargs, env={"HELPDESK_BRIDGE_TIMES": "5"}
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    install(session, "--group", "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, with both checkers."""
    install(session, "-e", ".[test]", "--group", "types")
    session.run("mypy")
    session.run("pyright", "--pythonpath", sys.executable if not session.virtualenv.is_sandboxed else _python(session))


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure the branch coverage of the quick tier; fails below the figure in ``pyproject.toml``."""
    install(session, "-e", ".[test]", "--group", "coverage")
    session.run("python", "-m", "pytest", "-q", "-n", "2", "--cov", "--cov-report=term:skip-covered", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation's site into ``build/site``; a broken link is an error."""
    install(session, "-e", ".[cli,testing]", "--group", "docs")
    session.run("mkdocs", "build", "--strict", "--quiet", "--site-dir", SITE, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel, the source distribution and a bill of materials into ``build/dist``, and check what is in them."""
    install(session, "--group", "build")
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", DIST, silent=True)
    session.run("twine", "check", "--strict", *(str(path) for path in Path(DIST).iterdir()), silent=True)
    wheel = next(Path(DIST).glob("*.whl"))
    _check_wheel(session, wheel)
    _write_sbom(session, wheel)


def _write_sbom(session: nox.Session, wheel: Path) -> None:
    """Write what the wheel brings, with every extra that users install, as CycloneDX 1.6 beside it."""
    bill = wheel.with_name(f"{'-'.join(wheel.name.split('-')[:2])}.cdx.json")
    with TemporaryDirectory() as folder:
        session.run("python", "-m", "venv", folder, silent=True)
        python = str(Path(folder) / "bin" / "python")
        session.run(python, "-m", "pip", "install", "-q", f"{wheel}[{USERS_EXTRAS}]", silent=True, external=True)
        # pip and what else the environment came with are no part of it.
        session.run(python, "-m", "pip", "uninstall", "-q", "-y", "pip", "setuptools", silent=True, external=True)
        session.run(
            "cyclonedx-py", "environment", python, "--pyproject", "pyproject.toml", "--mc-type", "library",
            "--spec-version", "1.6", "--output-reproducible", "--output-file", str(bill), silent=True,
        )  # fmt: skip
    document = json.loads(bill.read_text("utf-8"))
    named = {one["name"].lower().replace("_", "-") for one in document["components"]}
    required = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    if missing := sorted({Requirement(one).name for one in required} - named):
        session.error(f"the bill of materials lacks {', '.join(missing)}")
    if document["metadata"]["component"]["name"] != "helpdesk-bridge":
        session.error("the bill of materials is of something else")
    session.log(f"{bill}: {len(named)} components")


def _check_wheel(session: nox.Session, wheel: Path) -> None:
    packages = {"helpdesk_bridge", *(path.name for path in Path("adapters").iterdir() if path.is_dir())}
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {
        path.relative_to(base).as_posix()
        for base, folder in ((".", "helpdesk_bridge"), ("adapters", "adapters"))
        for path in Path(folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    if missing := sorted(sources - names):
        session.error(f"the wheel lacks {', '.join(missing)}")
    strange = {name.split("/")[0] for name in names} - packages
    if strange := sorted(name for name in strange if not name.endswith(".dist-info")):
        session.error(f"the wheel has {', '.join(strange)}, which are not the library")


def _python(session: nox.Session) -> str:
    return os.path.join(session.bin, "python")  # noqa: PTH118 - nox gives a str
