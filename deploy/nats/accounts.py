"""Who may say and hear what on the broker: from the catalog's table to each user's permissions.

Nothing is allowed that the table does not ask for. Three things are not obvious:

* A stream is read through its consumer, so its readers may pull and acknowledge there, and may not
  subscribe to its subjects. A user's consumer has the user's name; the consumers of a site's
  operations are the site's agents'.
* An answer may go to the inboxes of those who ask, not wherever a question says: with the broker's
  ``allow_responses`` an asker could make the answerer publish to any subject.
* The broker itself answers a pull at whatever subject the pull names, unchecked. So programs
  outside the project live in accounts of their own, where no subject of ours exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.contracts import subjects
from shared.contracts.catalog import EVENTS, QUESTIONS, SERVICES, SITE
from shared.contracts.streams import (
    BUCKETS,
    DLQ,
    JSZ_SUBJECT,
    RECORDED,
    STREAMS,
    StreamSpec,
    operation_stream,
    subscriber_consumer,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PROVISIONER: Final = "provisioner"
_API: Final = "$JS.API"
_MANAGE_CONSUMERS: Final = ("CREATE", "DURABLE.CREATE", "DELETE", "INFO", "LIST", "NAMES")


class User(NamedTuple):
    """One user of the broker and all it may do; ``account`` is where it lives."""

    name: str
    account: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


class _Party(NamedTuple):
    role: str
    site: str = subjects.ANY

    @property
    def name(self) -> str:
        return self.role if self.site == subjects.ANY else f"{self.role}-{self.site}"


def inbox(user: str) -> str:
    """Return the prefix of a user's inboxes."""
    return f"_INBOX_{user}"


def streams_of(sites: Sequence[str]) -> tuple[StreamSpec, ...]:
    """Return every stream of an installation with these sites, with the consumers each must have.

    The consumers of operations are not among them: the registry makes one for each device.
    """
    cursors = tuple(subscriber_consumer(site) for site in sites)
    recorded = RECORDED._replace(consumers=(*RECORDED.consumers, *cursors))
    fixed = (recorded if spec.name == RECORDED.name else spec for spec in STREAMS)
    return (*fixed, *(operation_stream(site) for site in sites))


def users_of(sites: Sequence[str]) -> tuple[User, ...]:
    """Return every user of an installation with these sites."""
    provisioner = User(
        PROVISIONER,
        "APP",
        (f"{_API}.>", JSZ_SUBJECT),
        (
            f"{inbox(PROVISIONER)}.>",
            "$JS.EVENT.ADVISORY.STREAM.>",
            "$JS.EVENT.ADVISORY.CONSUMER.>",
        ),
    )
    inside = [_Party(service) for service in SERVICES] + [_Party("agent", site) for site in sites]
    return (
        provisioner,
        *(_insider(party, sites) for party in inside),
        *(_outsider(site) for site in sites),
    )


def _insider(party: _Party, sites: Sequence[str]) -> User:
    publish = {
        *_said(party),
        *_answered(party, sites),
        *_pulled(party, sites),
        *_looked_up(party, sites),
        JSZ_SUBJECT,
    }
    if party.role == "devices":
        publish |= {
            f"{_API}.CONSUMER.{verb}.{operation_stream(site).name}{rest}"
            for site in sites
            for verb in _MANAGE_CONSUMERS
            for rest in ([""] if verb in {"LIST", "NAMES"} else [".>"])
        }
        # What waits for a device that was removed must not wait for ever.
        publish |= {f"{_API}.STREAM.PURGE.{operation_stream(site).name}" for site in sites}
    subscribe = {f"{inbox(party.name)}.>", *_heard(party)}
    return User(party.name, "APP", tuple(sorted(publish)), tuple(sorted(subscribe)))


def _outsider(site: str) -> User:
    name = _Party("subscriber", site).name
    pull = _pull(RECORDED.name, subscriber_consumer(site).durable)
    return User(name, f"OUTSIDE_{site}", pull, (f"{inbox(name)}.>",))


def _at(subject: str, site: str) -> str:
    return subject.replace(SITE, site)


def _said(party: _Party) -> Iterator[str]:
    yield from (_at(each.subject, party.site) for each in EVENTS if party.role in each.publishers)
    yield from (_at(each.subject, party.site) for each in QUESTIONS if party.role in each.askers)
    yield from (bucket.subject(">") for bucket in BUCKETS if bucket.writer == party.role)


def _heard(party: _Party) -> Iterator[str]:
    for channel in EVENTS:
        if party.role in channel.readers and channel.stream is None:
            yield _at(channel.subject, party.site)
    for question in QUESTIONS:
        if question.service == party.role:
            yield _at(question.subject, party.site)


def _answered(party: _Party, sites: Sequence[str]) -> Iterator[str]:
    for question in QUESTIONS:
        if question.service == party.role:
            for asker in question.askers:
                for each in _members(asker, sites):
                    yield f"{inbox(each.name)}.>"


def _members(role: str, sites: Iterable[str]) -> Iterator[_Party]:
    if role in SERVICES:
        yield _Party(role)
    else:
        yield from (_Party(role, site) for site in sites)


def _pull(stream: str, consumer: str) -> tuple[str, ...]:
    return (
        f"{_API}.CONSUMER.MSG.NEXT.{stream}.{consumer}",
        f"$JS.ACK.{stream}.{consumer}.>",
    )


def _consumers(party: _Party, sites: Sequence[str]) -> Iterator[tuple[str, str]]:
    if party.role == "agent":
        yield operation_stream(party.site).name, subjects.ANY
    for stream in streams_of(sites):
        for consumer in stream.consumers:
            if consumer.durable == party.name:
                yield stream.name, consumer.durable


def _pulled(party: _Party, sites: Sequence[str]) -> Iterator[str]:
    for stream, consumer in _consumers(party, sites):
        yield from _pull(stream, consumer)
        yield f"{_API}.CONSUMER.INFO.{stream}.{consumer}"
        yield subjects.dead_letter(stream, consumer)
        yield f"{_API}.STREAM.INFO.{DLQ.name}"


def _looked_up(party: _Party, sites: Sequence[str]) -> Iterator[str]:
    its_sites = sites if party.site == subjects.ANY else (party.site,)
    for channel in EVENTS:
        if channel.stream and party.role in (*channel.publishers, *channel.readers):
            for site in its_sites:
                yield f"{_API}.STREAM.INFO.{_at(channel.stream.name, site)}"
    for bucket in BUCKETS:
        if party.role in (bucket.writer, *bucket.readers):
            yield f"{_API}.STREAM.INFO.{bucket.stream}"
            yield f"{_API}.STREAM.MSG.GET.{bucket.stream}"
            yield f"{_API}.DIRECT.GET.{bucket.stream}.>"
