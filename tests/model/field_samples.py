"""A value for any field, by what the table says that it holds: a new field is tested without being named."""

from datetime import UTC, datetime, timedelta

from helpdesk_bridge.model import fields
from helpdesk_bridge.model.fields import Kind
from helpdesk_bridge.model.queries import Match, Period
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, Attachment, Body, Identity, Phone, Rating, Ref

CLASSES = {"ticket": Ticket, "contact": Contact, "message": Message}
START = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
CHOICES = 2
"""The number of different samples that every field has, a flag included."""


def sample(field, number=0):
    """Return a value that is not the field's empty one; another number below ``CHOICES`` gives another value."""
    text = f"{field.name} {number}"
    email = f"{field.name}{number}@people.example"
    samples = {
        Kind.ID: str(1000 + number),
        Kind.TEXT: text,
        Kind.WORD: text,
        Kind.CHOICE: list(field.choices)[number] if field.choices else None,
        Kind.PERSON: Actor.agent(id=str(7 + number), name=text, email=email),
        Kind.REFERENCE: Ref(str(7 + number), text),
        Kind.TIME: START + timedelta(hours=number),
        Kind.FLAG: number == 0,
        Kind.NUMBER: 7 + number,
        Kind.WORDS: (text, "of both"),
        Kind.ADDRESSES: (email, f"also.{email}"),
        Kind.PHONES: (Phone(f"+4930123456{number}", f"+4930123456{number}"),),
        Kind.IDENTITIES: (Identity("telegram", text),),
        Kind.CUSTOM_FIELDS: {"Order No": text},
        Kind.BODY: Body(text=text),
        Kind.FILES: (
            Attachment(f"{number}.png", "image/png", 3, inline=True, content_id="a"),
            Attachment(f"{number}.pdf"),
        ),
        Kind.RATING: Rating(number, comment=text),
    }
    return samples[field.kind]


def record(area, number=0, **values):
    """Return a ticket, contact or message that has a value in every field of its own."""
    table = fields.RECORDS[area]
    given = {name: sample(field, number) for name, field in table.items() if field.kind is not Kind.ANSWER}
    return CLASSES[area](**{**given, **values})


def question(field, number=0):
    """Return what a query asks for to get the records whose field has this sample, and not those with another one."""
    value = sample(field, number)
    questions = {
        Kind.TEXT: lambda: Match(value, "exact"),
        Kind.PERSON: lambda: value.email,
        Kind.REFERENCE: lambda: value.name,
        Kind.TIME: lambda: Period(value, value + timedelta(minutes=1)),
        Kind.WORDS: lambda: value[0],
        Kind.ADDRESSES: lambda: value[0],
        Kind.PHONES: lambda: value[0].raw,
    }
    return questions.get(field.kind, lambda: value)()
