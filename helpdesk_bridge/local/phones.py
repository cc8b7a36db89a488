"""Phone numbers as people write them, with their E.164 form where that is certain."""

from __future__ import annotations

from helpdesk_bridge.model import addresses
from helpdesk_bridge.model.values import Phone


def phone_of(raw: str, region: str | None = None) -> Phone:
    """Return a phone number; E.164 needs a leading + or the region of the desk (``DE``), and a number that can be.

    A number with an extension has none: E.164 has no place for it, and without it the number would be a colleague's.
    """
    if raw.lstrip().startswith("+") or region is None:
        return addresses.phone_of(raw)
    import phonenumbers

    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return Phone(raw)
    if number.extension or not phonenumbers.is_possible_number(number):
        return Phone(raw)
    return Phone(raw, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
