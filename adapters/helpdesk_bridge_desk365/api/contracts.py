"""Contracts, for accounts that have them. Documented: OpenAPI, contracts; without access they are refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from helpdesk_bridge.adapter import Effect, Invalid
from helpdesk_bridge_desk365.api import arguments
from helpdesk_bridge_desk365.api.calls import Calls
from helpdesk_bridge_desk365.api.values import BillCycle, Contract, ContractType, RolloverType
from helpdesk_bridge_desk365.client import Pairs, Rows

More = Mapping[str, str | int | bool | date | None]

_NUMBERS: Final = {"contract_type": ContractType, "bill_cycle": BillCycle, "rollover_type": RolloverType}
_TEXTS: Final = ("company_name", "reference_number", "contract_category")


class ContractCalls(Calls):
    """What companies have bought.

    ``more`` takes the members that an account's own API page lists beside the ones here: text, numbers, flags and dates.
    """

    __slots__ = ()

    def contracts(
        self,
        *,
        company: str | None = None,
        category: str | None = None,
        inactive: bool | None = None,
        expired: bool | None = None,
        upcoming: bool | None = None,
        offset: int = 0,
    ) -> Rows[Contract]:
        """Return up to 30 contracts from a row on. The vendor includes upcoming ones unless told otherwise."""
        flags = {
            "include_inactive_contracts": inactive,
            "include_expired_contracts": expired,
            "include_upcoming_contracts": upcoming,
        }
        wanted = arguments.given(
            company=None if company is None else arguments.text(company, "company"),
            contract_category=None if category is None else arguments.text(category, "category"),
            **{name: arguments.truth(value, name) for name, value in flags.items() if value is not None},
        )
        params = (*arguments.page(offset), *wanted.items())
        return self._page(Contract, "contracts.list", "/contracts", params, "contracts")

    def contract(self, name: str | None = None, *, reference_number: str | None = None) -> Contract:
        """Return a contract by its name or its reference number."""
        return self._read(Contract, "contracts.get", "/contracts/details", _named(name, reference_number))

    def create_contract(
        self,
        name: str,
        *,
        company: str | None = None,
        reference_number: str | None = None,
        category: str | None = None,
        contract_type: int | None = None,
        bill_cycle: int | None = None,
        rollover_type: int | None = None,
        more: More | None = None,
    ) -> Contract:
        """Create a contract and return it."""
        document = _document(
            more,
            company_name=company,
            reference_number=reference_number,
            contract_category=category,
            contract_type=contract_type,
            bill_cycle=bill_cycle,
            rollover_type=rollover_type,
        )
        document = {"contract_name": arguments.text(name, "name"), **document}
        return self._write(Contract, "contracts.create", "POST", "/contracts/create", document)

    def update_contract(
        self,
        name: str | None = None,
        *,
        reference_number: str | None = None,
        category: str | None = None,
        contract_type: int | None = None,
        bill_cycle: int | None = None,
        rollover_type: int | None = None,
        more: More | None = None,
    ) -> Contract:
        """Change the contract that the name or the reference number names."""
        change = _document(
            more,
            contract_category=category,
            contract_type=contract_type,
            bill_cycle=bill_cycle,
            rollover_type=rollover_type,
        )
        return self._write(
            Contract,
            "contracts.update",
            "PUT",
            "/contracts/update",
            arguments.something(change, "contract"),
            params=_named(name, reference_number),
            effect=Effect.SET,
        )


def _named(name: str | None, reference_number: str | None) -> Pairs:
    if name is None and reference_number is None:
        raise Invalid("name: give a contract's name or its reference number", field="name")
    found = arguments.given(
        contract_name=None if name is None else arguments.text(name, "name"),
        reference_number=None if reference_number is None else arguments.text(reference_number, "reference_number"),
    )
    return tuple(found.items())


def _document(more: More | None, **values: Any) -> dict[str, Any]:
    known = {name: value for name, value in values.items() if value is not None}
    found: dict[str, Any] = {name: arguments.text(known[name], name) for name in _TEXTS if name in known}
    found |= {
        name: arguments.one_of(known[name], name, list(allowed)) for name, allowed in _NUMBERS.items() if name in known
    }
    for name, value in (more or {}).items():
        if name in (*_NUMBERS, *_TEXTS, "contract_name"):
            raise Invalid(f"more: {name} has an argument of its own", field="more")
        found[arguments.text(name, "more")] = _plain(value, f"more.{name}")
    return found


def _plain(value: Any, field: str) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return arguments.day(value, field)
    if value is None or isinstance(value, (str, int)):
        return value
    raise Invalid(f"{field}: expected text, a number, a flag or a date, found {type(value).__name__}", field=field)
