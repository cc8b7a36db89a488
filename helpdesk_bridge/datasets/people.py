"""People of the generated helpdesk: agents, and contacts with odd names and addresses."""

# The remainders below say which contact in so many is odd; names would only repeat it.
# Letters of several alphabets look alike, and are meant.
# ruff: noqa: PLR2004, RUF001
from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import idna
from attrs import frozen

from helpdesk_bridge.datasets.dataset import SeedPerson
from helpdesk_bridge.datasets.phrases import LANGUAGES

if TYPE_CHECKING:
    import random
    from datetime import datetime

COMPANIES: Final = ("Robots Rule GmbH", "ООО «Ромашка»", "Anadolu Ticaret A.Ş.", "شركة النور", "Smith & Sons, Ltd.")
_STAFF: Final = (
    ("Maria Keller", "maria.keller"),
    ("Deniz Aydın", "deniz.aydin"),
    ("Ольга Смирнова", "olga"),
    ("Tom O'Neill", "Tom.ONeill"),
    ("سامي يوسف", "sami"),
    ("Lena Weiß", "lena"),
    ("Kerem Güneş", "kerem"),
    ("Priya Nair", "priya"),
    ("Left Long-Ago", "left"),
)

_MESSENGERS: Final = (
    ("telegram", "Мария К.", "418850012"),
    ("facebook", "Nia Brown", "100004823117"),
    ("vkontakte", "Пётр", "id7731004"),
    ("odnoklassniki", "Вера Л.", "558120077"),
    ("instagram", "lena.draws", "17841400008"),
    ("viber", "Kemal", "Vb01xQ9=="),
    ("skype", "tom.oneill", "live:tom.oneill"),
    ("line", "ゆき", "U4af4980629"),
    ("slack", "sam", "U02AB7C9D"),
    ("mattermost", "rita", "h5wokf6pqjn3"),
    ("avito", "Покупатель", "av-90017"),
)
"""Customers who are known to a helpdesk by a messenger or a social network alone."""
_ALL_MESSENGERS_FROM: Final = 100


@frozen
class People:
    """The people, and those that are odd in some way."""

    all: tuple[SeedPerson, ...]
    agents: tuple[SeedPerson, ...]
    usual: tuple[SeedPerson, ...]
    phone_only: tuple[SeedPerson, ...]
    twins: tuple[SeedPerson, SeedPerson]
    blocked: SeedPerson
    by_key: dict[str, SeedPerson]


def agents(starts: datetime) -> tuple[SeedPerson, ...]:
    """Return the agents; the last of them has left, but wrote in old threads."""
    return tuple(
        SeedPerson(
            key=f"a{number}",
            name=name,
            email=f"{mailbox}@support.example",
            role="agent",
            created_at=starts - timedelta(days=400 - number),
            deleted=mailbox == "left",
        )
        for number, (name, mailbox) in enumerate(_STAFF, 1)
    )


def make_people(tickets: int, chance: random.Random, staff: tuple[SeedPerson, ...], starts: datetime) -> People:
    """Make the contacts for this many tickets, and some contacts without tickets."""
    maker = _ContactMaker(chance, starts)
    usual = tuple(maker.person(number) for number in range(max(4, tickets * 3 // 5)))
    phone_only = tuple(maker.person(number, email=None, phone=f"+90555{number:07d}") for number in (7001, 7002, 7003))
    twins = (
        maker.person(8001, name="Ann Lee", email="ann.lee@Mail.example"),
        maker.person(8002, name="Ann Lee (work)", email="Ann.Lee@mail.example"),
    )
    blocked = maker.person(8003, name="WIN $$$ NOW", email="spam@bulk.invalid", blocked=True)
    silent = tuple(maker.person(9000 + number) for number in range(max(2, tickets // 20)))
    gone = maker.person(8004, name=None, email="gone@mail.example", deleted=True)
    messengers = tuple(
        SeedPerson(
            f"c{8100 + place}",
            name,
            None,
            created_at=starts - timedelta(days=12 + place),
            identities=((network, known_as),),
        )
        for place, (network, name, known_as) in enumerate(
            _MESSENGERS if tickets >= _ALL_MESSENGERS_FROM else _MESSENGERS[:1]
        )
    )
    everybody = (*staff, *usual, *phone_only, *twins, blocked, *silent, gone, *messengers)
    return People(everybody, staff, usual, phone_only, twins, blocked, {person.key: person for person in everybody})


_TITLES: Final = (None, "Buyer", None, "Einkäuferin", None, None, "Satın Alma Müdürü")


class _ContactMaker:
    def __init__(self, chance: random.Random, starts: datetime) -> None:
        self._chance = chance
        self._starts = starts

    def person(
        self,
        number: int,
        *,
        name: str | None = "",
        email: str | None = "",
        phone: str | None = "",
        blocked: bool = False,
        deleted: bool = False,
    ) -> SeedPerson:
        """Make a contact; omitted values are made up."""
        chance = self._chance
        language = LANGUAGES[number % len(LANGUAGES)]
        if name == "":
            name = None if number % 17 == 13 else chance.choice(language.people)
        if email == "":
            domain = chance.choice(("mail.example", "kunde.example", idna.encode("müşteri.example").decode()))
            email = f"{('c', 'C')[number % 7 == 3]}ontact.{number}{'+news' if number % 13 == 6 else ''}@{domain}"
        if phone == "":
            phone = f"+4930{number:06d}" if number % 4 == 1 else None
        return SeedPerson(
            key=f"c{number}",
            name=name,
            email=email,
            phone=phone,
            company=chance.choice((None, None, *COMPANIES)),
            created_at=self._starts - timedelta(seconds=chance.randrange(1, 30_000_000)),
            blocked=blocked,
            deleted=deleted,
            custom_fields={"Customer No": f"K-{number:05d}"} if number % 3 == 0 else {},
            title=_TITLES[number % len(_TITLES)],
        )
