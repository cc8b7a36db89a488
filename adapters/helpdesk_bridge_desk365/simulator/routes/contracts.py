"""Routes of contracts, which require special access."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from helpdesk_bridge.testing.simulator import DOCUMENTED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.parameters import json_object, required_text, text_of
from helpdesk_bridge_desk365.simulator.records.contracts import BLOCK_HOURS, BLOCK_TICKETS, Contract
from helpdesk_bridge_desk365.simulator.records.filters import UNSET
from helpdesk_bridge_desk365.simulator.refusals import Refusal, invalid, missing, not_unique
from helpdesk_bridge_desk365.simulator.routes.ticket_input import known_sla
from helpdesk_bridge_desk365.simulator.service import ROOT, RouteGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGE_SIZE: Final = 30
_SOURCE: Final = "OpenAPI v3, contracts"
_UPDATE_KEYS: Final = frozenset(
    {
        *("name", "reference_number", "setup_fees", "end_date", "after_hours_included", "contract_category"),
        "block_hours",
    }
)
_CREATE_KEYS: Final = _UPDATE_KEYS | {
    *("company", "start_date", "sla", "is_active", "bill_cycle", "contract_type", "block_tickets")
}
_HOURS_UPDATE_KEYS: Final = frozenset({"rollover_unused_hours", "rollover_type", "rollover_value"})
_HOURS_KEYS: Final = _HOURS_UPDATE_KEYS | {"contract_hours", "min_increment"}
_TICKETS_KEYS: Final = frozenset({"contract_tickets"})
"""documented: OpenAPI, ContractUpdateRequestModel and ContractCreateOrUpdateResponseModel."""


class ContractRoutes(RouteGroup):
    """Contracts need special access. documented: OpenAPI, "For special access to contract-related API endpoints"; that the refusal is 403 is assumed, section 6.9."""

    @route("GET", f"{ROOT}/contracts", provenance=DOCUMENTED, source=_SOURCE)
    def list_contracts(self, call: Call) -> Reply:
        """Give a page of 30 contracts by name, of one `company` and one `contract_category` if asked.

        Inactive, expired and upcoming ones are in unless the parameter is 0. documented: OpenAPI, "By default, all contracts will be returned including expired ones"; that today's date
        divides them is assumed.
        """
        self._need_access()
        company, category = call.query.get("company"), call.query.get("contract_category")
        today = self.service.now().date().isoformat()
        contracts = [
            contract
            for contract in sorted(self.account.contracts, key=lambda held: held.name.casefold())
            if (not company or contract.company == company) and (not category or contract.contract_category == category)
            if not (call.query.get("include_inactive_contracts") == "0" and not contract.is_active)
            if not (call.query.get("include_expired_contracts") == "0" and (contract.end_date or today) < today)
            if not (call.query.get("include_upcoming_contracts") == "0" and (contract.start_date or today) > today)
        ]
        page = [contract.details() for contract in self.service.page(call, contracts, _PAGE_SIZE)]
        return self.service.answer({"count": len(contracts), "contracts": page})

    @route("GET", f"{ROOT}/contracts/details", provenance=DOCUMENTED, source=_SOURCE)
    def contract_details(self, call: Call) -> Reply:
        """One contract by name or reference number."""
        self._need_access()
        return self.service.answer(self._contract(call).details())

    @route("POST", f"{ROOT}/contracts/create", provenance=DOCUMENTED, source=_SOURCE)
    def create_contract(self, call: Call) -> Reply:
        """Create. Names may repeat (documented: OpenAPI, contract_name), reference numbers not (assumed)."""
        self._need_access()
        body = json_object(call)
        self.service.check_keys(body, _CREATE_KEYS)
        company = required_text(body, "company")
        if company not in self.account.companies:
            raise invalid("The company does not exist.", "company")
        contract = Contract(
            name=required_text(body, "name"),
            company=company,
            start_date=_day(body, "start_date"),
            contract_type=_one_of(body, "contract_type", (BLOCK_HOURS, BLOCK_TICKETS)),
            bill_cycle=_one_of(body, "bill_cycle", (1, 2), default=1),
            is_active=_flag(body, "is_active", default=True),
        )
        if body.get("sla") is not None:
            contract.sla = known_sla(required_text(body, "sla"), self.account)
        contract = self._changed(contract, body, _HOURS_KEYS)
        self._check_reference(contract, None)
        self.account.contracts.append(contract)
        return self.service.answer(contract.created())

    @route("PUT", f"{ROOT}/contracts/update", provenance=DOCUMENTED, source=_SOURCE)
    def update_contract(self, call: Call) -> Reply:
        """Change what the body mentions."""
        self._need_access()
        held, body = self._contract(call), json_object(call)
        self.service.check_keys(body, _UPDATE_KEYS)
        name = text_of(body, "name") or held.name
        contract = evolve(self._changed(held, body, _HOURS_UPDATE_KEYS), name=name)
        self._check_reference(contract, held)
        self.account.contracts[self.account.contracts.index(held)] = contract
        return self.service.answer(contract.updated())

    def _changed(self, contract: Contract, body: Mapping[str, Any], hours: frozenset[str]) -> Contract:
        """Return the contract with what creation and update have in common."""
        changes: dict[str, Any] = {}
        if "reference_number" in body:
            changes["reference_number"] = text_of(body, "reference_number")
        if "setup_fees" in body:
            changes["setup_fees"] = _whole(body, "setup_fees")
        if "end_date" in body:
            changes["end_date"] = _day(body, "end_date")
        if "after_hours_included" in body:
            changes["after_hours_included"] = _flag(body, "after_hours_included", default=False)
        if "contract_category" in body:
            category = text_of(body, "contract_category")
            changes["contract_category"] = None if category in UNSET else category
        return evolve(contract, **changes, **self._block(contract, body, hours))

    def _block(self, contract: Contract, body: Mapping[str, Any], hours: frozenset[str]) -> dict[str, Any]:
        """Read the object of the contract's type; the other one is refused. documented: OpenAPI, "you should use only the block_hours object"."""
        mine, other = "block_hours", "block_tickets"
        if contract.contract_type == BLOCK_TICKETS:
            mine, other = other, mine
        if body.get(other) is not None:
            raise invalid(f"{other} must not be used with this contract_type.", other)
        block = body.get(mine)
        if block is None:
            return {}
        if not isinstance(block, dict):
            raise invalid(f"{mine} must be an object.", mine)
        self.service.check_keys(block, hours if mine == "block_hours" else _TICKETS_KEYS)
        return {
            name: _flag(block, name, default=False) if name == "rollover_unused_hours" else _whole(block, name)
            for name in block
            if name in _HOURS_KEYS | _TICKETS_KEYS
        }

    def _check_reference(self, contract: Contract, held: Contract | None) -> None:
        number = contract.reference_number
        if number and any(other.reference_number == number for other in self.account.contracts if other is not held):
            raise not_unique("Reference Number", "reference_number", "number")

    def _need_access(self) -> None:
        if not self.service.flag("contracts"):
            raise Refusal(HTTPStatus.FORBIDDEN, "Access to this resource is forbidden.")

    def _contract(self, call: Call) -> Contract:
        """Return the contract that is named; one of several needs its reference number.

        documented: OpenAPI, "a reference number is required for identification purposes".
        """
        name, number = call.query.get("contract_name"), call.query.get("reference_number")
        if not (name or number):
            raise self.service.query_missing(call)
        contracts = [
            contract
            for contract in self.account.contracts
            if (not name or contract.name == name) and (not number or contract.reference_number == number)
        ]
        if not contracts:
            raise missing("contract")
        if len(contracts) > 1:
            raise invalid("There are multiple contracts with this name.", "reference_number")
        return contracts[0]


def _day(body: Mapping[str, Any], name: str) -> str | None:
    text = text_of(body, name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise invalid(f"{name} must be of the form yyyy-mm-dd.", name) from None


def _whole(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise invalid(f"{name} must be a whole number.", name)
    return value


def _flag(body: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false.", name)
    return value


def _one_of(body: Mapping[str, Any], name: str, allowed: tuple[int, ...], *, default: int | None = None) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise invalid(f"{name} must be one of {', '.join(map(str, allowed))}.", name)
    return value
