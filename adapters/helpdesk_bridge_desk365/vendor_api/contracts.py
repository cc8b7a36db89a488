"""Contracts, for accounts that have them. Documented: OpenAPI, ContractDetailsModel; accounts without access get an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import UNSET, Effect, Invalid, Unset
from helpdesk_bridge_desk365.client.client import Pairs, Rows
from helpdesk_bridge_desk365.vendor_api import arguments
from helpdesk_bridge_desk365.vendor_api.calls import Calls
from helpdesk_bridge_desk365.vendor_api.documents import (
    BillCycle,
    BlockHours,
    BlockTickets,
    Contract,
    ContractType,
    RolloverType,
)
from helpdesk_bridge_desk365.wire.words import UNASSIGNED

_TYPES: Final[Mapping[type[BlockHours | BlockTickets], ContractType]] = {
    BlockHours: ContractType.BLOCK_HOURS,
    BlockTickets: ContractType.BLOCK_TICKETS,
}


@frozen(eq=False)
class ContractCalls:
    """What companies have bought: hours, or tickets. What is not given is not sent."""

    _calls: Calls

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
        """Return up to 30 contracts from a row on, by name. Documented: OpenAPI, "By default, all contracts will be returned"."""
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
        return self._calls.page(Contract, "contracts.list", "/contracts", params, "contracts")

    def contract(self, name: str | None = None, *, reference_number: str | None = None) -> Contract:
        """Return a contract by its name or its reference number."""
        return self._calls.read(Contract, "contracts.get", "/contracts/details", _named(name, reference_number))

    def create_contract(
        self,
        name: str,
        *,
        company: str,
        block: BlockHours | BlockTickets,
        start: date | None = None,
        end: date | None = None,
        reference_number: str | None = None,
        category: str | None = None,
        setup_fees: int | None = None,
        sla: str | None = None,
        active: bool | None = None,
        after_hours: bool | None = None,
        bill_cycle: int | None = None,
    ) -> Contract:
        """Create a contract of a company that exists, and return it. Its type follows from the block."""
        kind = _TYPES.get(type(block))
        if kind is None:
            raise Invalid(f"block: expected BlockHours or BlockTickets, found {type(block).__name__}", field="block")
        document = {
            "name": arguments.text(name, "name"),
            "company": arguments.text(company, "company"),
            **arguments.given(
                start_date=None if start is None else arguments.day(start, "start"),
                end_date=None if end is None else arguments.day(end, "end"),
                sla=None if sla is None else arguments.text(sla, "sla"),
                is_active=_flag(active, "active"),
                bill_cycle=None if bill_cycle is None else arguments.one_of(bill_cycle, "bill_cycle", list(BillCycle)),
                **_both(reference_number=reference_number, setup_fees=setup_fees, after_hours=after_hours),
                contract_category=None if category is None else arguments.text(category, "category"),
            ),
            "contract_type": int(kind),
        }
        if isinstance(block, BlockHours):
            document["block_hours"] = arguments.given(
                contract_hours=arguments.whole(block.contract_hours, "contract_hours"),
                min_increment=_whole(block.min_increment, "min_increment"),
                **_rollover(unused=block.rollover_unused_hours, kind=block.rollover_type, value=block.rollover_value),
            )
        else:
            tickets = arguments.whole(block.contract_tickets, "contract_tickets")
            document["block_tickets"] = {"contract_tickets": tickets}
        return self._calls.write(Contract, "contracts.create", "POST", "/contracts/create", document)

    def update_contract(
        self,
        name: str | None = None,
        *,
        reference_number: str | None = None,
        new_name: str | None = None,
        new_reference_number: str | None = None,
        end: date | None = None,
        category: str | Unset | None = UNSET,
        setup_fees: int | None = None,
        after_hours: bool | None = None,
        rollover_unused_hours: bool | None = None,
        rollover_type: int | None = None,
        rollover_value: int | None = None,
    ) -> Contract:
        """Change the contract that the name or the reference number names; a category of ``None`` takes it out of its.

        Documented: OpenAPI, "If there are multiple contracts with the same name, a reference number is required".
        """
        change = arguments.given(
            name=None if new_name is None else arguments.text(new_name, "new_name"),
            end_date=None if end is None else arguments.day(end, "end"),
            **_both(reference_number=new_reference_number, setup_fees=setup_fees, after_hours=after_hours),
        )
        if not isinstance(category, Unset):
            change["contract_category"] = UNASSIGNED if category is None else arguments.text(category, "category")
        rollover = _rollover(unused=rollover_unused_hours, kind=rollover_type, value=rollover_value)
        if rollover:
            change["block_hours"] = rollover
        renamed = new_name is not None or new_reference_number is not None
        return self._calls.write(
            Contract,
            "contracts.update",
            "PUT",
            "/contracts/update",
            arguments.something(change, "contract"),
            params=_named(name, reference_number),
            # What was given another name is not found when the same call comes again.
            effect=Effect.CREATE if renamed else Effect.SET,
        )


def _named(name: str | None, reference_number: str | None) -> Pairs:
    if name is None and reference_number is None:
        raise Invalid("name: give a contract's name or its reference number", field="name")
    params = arguments.given(
        contract_name=None if name is None else arguments.text(name, "name"),
        reference_number=None if reference_number is None else arguments.text(reference_number, "reference_number"),
    )
    return tuple(params.items())


def _both(*, reference_number: str | None, setup_fees: int | None, after_hours: bool | None) -> dict[str, Any]:
    number = None if reference_number is None else arguments.text(reference_number, "reference_number")
    return {
        "reference_number": number,
        "setup_fees": _whole(setup_fees, "setup_fees"),
        "after_hours_included": _flag(after_hours, "after_hours"),
    }


def _rollover(*, unused: bool | None, kind: int | None, value: int | None) -> dict[str, Any]:
    return arguments.given(
        rollover_unused_hours=_flag(unused, "rollover_unused_hours"),
        rollover_type=None if kind is None else arguments.one_of(kind, "rollover_type", list(RolloverType)),
        rollover_value=_whole(value, "rollover_value"),
    )


def _whole(value: int | None, field: str) -> int | None:
    return None if value is None else arguments.whole(value, field)


def _flag(value: Any, field: str) -> Any:
    # Documented: OpenAPI, after_hours_included: truth values, where queries have 0 and 1.
    if value is not None:
        arguments.truth(value, field)
    return value
