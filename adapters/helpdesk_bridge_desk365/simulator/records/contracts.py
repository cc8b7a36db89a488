"""Contracts of companies, and their documents in lists, details and answers to writes."""

from __future__ import annotations

from typing import Any, Final

from attrs import define

BLOCK_HOURS: Final = 2
BLOCK_TICKETS: Final = 3
"""documented: OpenAPI, contract_type."""


@define
class Contract:
    """What a company has bought: hours, or tickets."""

    name: str
    company: str
    start_date: str | None = None
    end_date: str | None = None
    reference_number: str | None = None
    setup_fees: int | None = None
    sla: str | None = None
    contract_category: str | None = None
    is_active: bool = True
    bill_cycle: int = 1
    after_hours_included: bool = False
    contract_type: int = BLOCK_HOURS
    contract_hours: int | None = None
    min_increment: int | None = None
    rollover_unused_hours: bool = False
    rollover_type: int | None = None
    rollover_value: int | None = None
    contract_tickets: int | None = None

    def details(self) -> dict[str, Any]:
        """Return the contract as the list and details give it: flat. documented: OpenAPI, ContractDetailsModel."""
        minutes = (self.contract_hours or 0) * 60
        return {
            "name": self.name,
            "start_date": self.start_date,
            "end_date": self.end_date,
            "is_active": self.is_active,
            "setup_fees": self.setup_fees,
            "reference_number": self.reference_number,
            "bill_cycle": self.bill_cycle,
            "contract_type": self.contract_type,
            "after_hours_included": self.after_hours_included,
            "sla": self.sla,
            "company": self.company,
            "category": self.contract_category,
            "is_default": False,
            "contract_hours": self.contract_hours,
            "min_increment": self.min_increment,
            "rollover_unused_hours": int(self.rollover_unused_hours),
            "rollover_type": self.rollover_type,
            "rollover_value": self.rollover_value,
            "contract_used_mins": 0,
            "total_available_mins": minutes,
            "total_rollover_mins": 0,
            "extra_used_mins": 0,
            "rollover_details": [],
            "usage_hours": [],
        }

    def created(self) -> dict[str, Any]:
        """Return the contract as its creation answers. documented: OpenAPI, ContractCreateOrUpdateResponseModel."""
        document = {
            "name": self.name,
            "company": self.company,
            "start_date": self.start_date,
            "end_date": self.end_date,
            "reference_number": self.reference_number,
            "setup_fees": self.setup_fees,
            "sla": self.sla,
            "contract_category": self.contract_category,
            "is_active": self.is_active,
            "bill_cycle": self.bill_cycle,
            "after_hours_included": self.after_hours_included,
            "contract_type": self.contract_type,
        }
        if self.contract_type == BLOCK_TICKETS:
            return document | {"block_tickets": {"contract_tickets": self.contract_tickets}}
        hours = {"contract_hours": self.contract_hours, "min_increment": self.min_increment}
        return document | {"block_hours": {**hours, **self._rollover()}}

    def updated(self) -> dict[str, Any]:
        """Return the contract as its update answers. documented: OpenAPI, ContractUpdateRequestModel."""
        document = {
            "name": self.name,
            "reference_number": self.reference_number,
            "setup_fees": self.setup_fees,
            "end_date": self.end_date,
            "after_hours_included": self.after_hours_included,
            "contract_category": self.contract_category,
        }
        return document | {"block_hours": self._rollover()} if self.contract_type == BLOCK_HOURS else document

    def _rollover(self) -> dict[str, Any]:
        return {
            "rollover_unused_hours": self.rollover_unused_hours,
            "rollover_type": self.rollover_type,
            "rollover_value": self.rollover_value,
        }
