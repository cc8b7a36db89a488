"""What the processes of a pool call: a module of its own, so that they import nothing else."""


def seen(ticket):
    return ticket, ticket.requester.email
