"""Wizard: asks on a terminal what a plan leaves open, one question after the other, and records each answer at once."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from helpdesk_bridge.cli.output import clean_line, say
from helpdesk_bridge.migration.decisions.plan_file import DROPPED
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.migration.outcome import WrongMap
from helpdesk_bridge.migration.plan.plan import OpenValue, Plan
from helpdesk_bridge.migration.plan.rules import ASK, words_of


def is_interactive() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_decisions(migration: Migration) -> None:
    """Plan, and ask about everything that is open. Ctrl-C ends it; what was answered is kept."""
    made = migration.plan()
    if not made.needs_decision:
        say("nothing is open")
        return
    with _interrupted_at_once():
        _ask(migration, made)
    _said("Decided. migrate plan shows what a run does now.")


@contextmanager
def _interrupted_at_once() -> Iterator[None]:
    """Let Ctrl-C end a question: nothing is on its way that would have to be waited for."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _ask(migration: Migration, made: Plan) -> None:
    _hazards(migration, made)
    for value in made.values:
        _value(migration, value)
    for rule in made.rules:
        _said(f"{rule.field}: of {rule.values} values no list of the destination says whether it takes them.")
        answer = click.prompt(
            f"If it refuses one: {rule.rule} ({words_of(rule.field)}), or {ASK} (the run stops)",
            type=click.Choice([rule.rule, ASK]), default=rule.rule,
        )  # fmt: skip
        migration.choose_rule(rule.field, answer)
    way = click.prompt(
        "How threads are written", type=click.Choice([one.value for one in Threads]),
        default=migration.choices["threads"] or Threads.MESSAGES.value,
    )  # fmt: skip
    migration.choose_threads(Threads(way))


def _hazards(migration: Migration, made: Plan) -> None:
    for hazard in made.hazards:
        if hazard.id in made.open_hazards:
            _said(f"{hazard.id}: {hazard.what}, {hazard.when}. {hazard.stop}")
            if click.confirm("Do you know of this?", default=False):
                migration.acknowledge(hazard.id)


def _value(migration: Migration, value: OpenValue) -> None:
    proposal = DROPPED if value.proposed is None else value.proposed
    _said(
        f"{value.field} {value.old!r} ({value.records} records) has no counterpart. {DROPPED} drops it, - leaves it open."
    )
    while True:
        word = click.prompt("It becomes", default=proposal).strip()
        if word == "-":
            return
        try:
            migration.map_value(value.field, value.old, None if word == DROPPED else word)
        except WrongMap as error:
            _said(str(error))
        else:
            return


def _said(text: str) -> None:
    click.echo(clean_line(text))
