"""Reading what a device holds: its log, its people, their templates."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from pydantic import SecretBytes

from services.devices.drivers.base import DeviceError, PersonEntry, Table
from services.devices.drivers.zk.codec import templates as codec
from services.devices.drivers.zk.codec.users import User, slots
from services.devices.drivers.zk.messages import FINGER, Command
from services.devices.drivers.zk.protocol import tables
from services.devices.drivers.zk.protocol.people import find, read_users
from services.devices.drivers.zk.protocol.procedure import Ask, Keep, Procedure, Reply, Tell
from services.devices.drivers.zk.protocol.replies import NOT_THERE, UNKNOWN_HERE, accept
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from shared.contracts.readings import Template

ALGORITHM: Final = "zk"
"""What makes the templates of fingers, as other devices than these need to know."""
FINGERS: Final = 10
"""How many fingers a person has."""
PASSWORD: Final = 10
CARD: Final = 11
"""Numbers of templates above the fingers, as contracts' Template counts them."""
_TRIES: Final = 8
"""How often one template is asked for: as often as a chunk of a table over UDP."""


def log(terms: Terms) -> Procedure[Table]:
    """Read the whole attendance log, all or nothing; its records go out by Keep.

    Raises PULL_INCOMPLETE when anything disagrees, and DEVICE_NO_DATA when the device says that
    there are none and does not count 0.
    """

    def keep(piece: bytes) -> Procedure[None]:
        yield Keep(piece)

    return (yield from measured_log(terms, keep))


def measured_log(terms: Terms, take: tables.Take) -> Procedure[Table]:
    """Read the log into ``take`` and return what is known of it."""
    digest = sha256()

    def digested(piece: bytes) -> Procedure[None]:
        digest.update(piece)
        yield from take(piece)

    before = yield from count_records()
    size = yield from tables.read(tables.LOG, terms, digested, before)
    after = yield from count_records()
    tables.reconcile(size, before, after)
    return Table(size, before, after, digest.hexdigest())


def count_records() -> Procedure[int | None]:
    """Return how many records the device counts in its log; None when it does not tell."""
    sizes = yield from tables.read_sizes()
    return sizes.counts.records if sizes else None


def people(terms: Terms) -> Procedure[tuple[PersonEntry, ...]]:
    """Return everybody whom the device holds."""
    users = yield from read_users(terms)
    return tuple(each.entry(terms.encoding) for each in users)


class Templates(NamedTuple):
    """What people are known by, and the people as the device holds them."""

    templates: tuple[Template, ...]
    people: tuple[PersonEntry, ...]


def templates(terms: Terms, user_id: str | None) -> Procedure[Templates]:
    """Return a person's templates, or everybody's; NOT_FOUND for an unknown person.

    Everybody's are fingerprints only; those of a slot in which nobody is are left out, for they are
    nobody's. Of one person password and card come along, so that nothing is lost on a move.
    """
    users = yield from read_users(terms)
    if user_id is not None:
        user = find(users, user_id)
        prints = yield from _prints_of(user.uid)
        return _fetched([user], prints, terms, also=_of_record(user, terms))
    sizes = yield from tables.read_sizes()
    held = sizes.counts.fingerprints if sizes else None
    rows = yield from tables.whole(tables.TEMPLATES, terms, held)
    return _fetched(users, codec.prints(rows), terms)


def read_print(uid: int, finger: int) -> Procedure[codec.Print | None]:
    """Return one template, or None when there is none of this finger.

    Asked for again when something of it was lost; PULL_INCOMPLETE when that is so each time.
    """
    tries = _TRIES
    while True:
        try:
            return (yield from _read_print(uid, finger))
        except DeviceError as error:
            tries -= 1
            if error.code != Code.PULL_INCOMPLETE or not tries:
                raise


def _read_print(uid: int, finger: int) -> Procedure[codec.Print | None]:
    data = FINGER.pack(uid, finger)
    reply: Reply = yield Ask(Command.TEMPLATE_READ, data, repeatable=True)
    if reply.code in UNKNOWN_HERE:
        # Older models know only the command that also names the table of users.
        reply = yield Ask(Command.USERS, data, repeatable=True)
    if reply.code in NOT_THERE:
        return None
    template = codec.single(accept(reply, f"hand out the template of finger {finger}"))
    if not template:
        # An end without what it ends: a device that has no template says so.
        details = f"The device's answer about finger {finger} has no template in it."
        raise DeviceError(Code.PULL_INCOMPLETE, details)
    return codec.Print(uid, finger, codec.VALID, template)


def _prints_of(uid: int) -> Procedure[list[codec.Print]]:
    found = []
    for finger in range(FINGERS):
        one = yield from read_print(uid, finger)
        if one is not None:
            found.append(one)
        yield Tell(Progress(total=FINGERS, done=finger + 1))
    return found


def _fetched(
    users: Sequence[User],
    prints: Iterable[codec.Print],
    terms: Terms,
    also: tuple[Template, ...] = (),
) -> Templates:
    entries = [each.entry(terms.encoding) for each in users]
    owners = slots(entries)
    found = *(_finger(owners[each.uid], each) for each in prints if each.uid in owners), *also
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for one in found:
        numbers[one.user_id].append(one.finger)
    people = (each._replace(credentials=tuple(numbers[each.user_id])) for each in entries)
    return Templates(found, tuple(people))


def _finger(user_id: str, one: codec.Print) -> Template:
    data = SecretBytes(one.data)
    return Template(
        user_id=user_id, finger=one.finger, flag=one.flag, algorithm=ALGORITHM, data=data
    )


def _of_record(user: User, terms: Terms) -> tuple[Template, ...]:
    """Return what a person's own record has to know them by: password and card, as digits."""
    card = user.entry(terms.encoding).card
    digits = {PASSWORD: user.password, CARD: str(card).encode() if card else b""}
    return tuple(
        Template(user_id=user.user_id, finger=number, data=SecretBytes(data))
        for number, data in digits.items()
        if data
    )
