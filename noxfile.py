"""What is run on this project: ``nox -l`` lists it, ``nox -s lint`` runs one part, ``nox`` all that a change needs.

Each part installs what it needs into an environment of its own. With ``--no-venv`` it takes the environment that is
there, as ``.ci/run`` does.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import nox

nox.options.sessions = ["tests", "lint", "types", "docs"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
SITE = "build/site"


def install(session: nox.Session, *what: str) -> None:
    """Install into the session's environment, if it has one of its own."""
    if session.virtualenv.is_sandboxed:
        session.install(*what)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the quick tier: what proves behaviour, in about three minutes on two cores."""
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
    floors: dict[str, tuple[int, ...]] = {}
    for requirement in (
        *project["dependencies"],
        *(one for some in project["optional-dependencies"].values() for one in some),
    ):
        if found := re.match(r"([\w.-]+)(?:\[[^]]*\])?>=([\d.]+)", requirement):
            floor = tuple(map(int, found[2].split(".")))
            floors[found[1].lower()] = max(floors.get(found[1].lower(), ()), floor)
    return [f"{name}=={'.'.join(map(str, floor))}" for name, floor in sorted(floors.items())]


@nox.session
def slow(session: nox.Session) -> None:
    """Run the slow tier: long matrices, loops of kills, machines with many programs."""
    install(session, "-e", ".[test]")
    session.run("python", "-m", "pytest", "-q", "-n", "2", "-m", "slow", *session.posargs)


@nox.session
def exhaustive(session: nox.Session) -> None:
    """Run the exhaustive tier: every fault and every kill at every point. Takes hours; a scheduled workflow runs it."""
    install(session, "-e", ".[test]")
    session.run("python", "-m", "pytest", "-q", "-n", "2", "-m", "exhaustive", *session.posargs)


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
    """Build the wheel and the source distribution, and check what is in them."""
    install(session, "--group", "build")
    with TemporaryDirectory() as folder:
        session.run("python", "-m", "build", "--outdir", folder, silent=True)
        session.run("twine", "check", "--strict", *(str(path) for path in Path(folder).iterdir()), silent=True)
        _check_wheel(session, next(Path(folder).glob("*.whl")))


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
