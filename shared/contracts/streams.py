"""Every stream, durable consumer and bucket: what must be true of each, as plain values.

The provisioner makes them so and keeps them so; each service checks the ones it depends on when it
starts and after every reconnect, and refuses to run on one that breaks custody.
"""

from typing import Final, Literal, NamedTuple

from shared.contracts import subjects

JSZ_SUBJECT: Final = "health.jsz"
"""Where the server tells its JetStream settings: the system account's JSZ, lent to services."""

MINUTE: Final = 60.0
DAY: Final = 86_400.0
MIB: Final = 1024 * 1024


class ConsumerSpec(NamedTuple):
    """One durable pull consumer; all of them acknowledge each message explicitly."""

    durable: str
    filter_subject: str
    ack_wait: float = 10.0
    """Seconds after which an unacknowledged message comes again."""
    max_ack_pending: int = 64


class StreamSpec(NamedTuple):
    """One stream; ages and windows in seconds, sizes in bytes, 0 and -1 mean unlimited."""

    name: str
    subjects: tuple[str, ...]
    retention: Literal["limits", "workqueue"]
    discard: Literal["old", "new"]
    max_age: float
    max_bytes: int
    duplicate_window: float
    max_consumers: int = -1
    max_msgs_per_subject: int = -1
    allow_direct: bool = False
    allow_msg_ttl: bool = False
    consumers: tuple[ConsumerSpec, ...] = ()


class BucketSpec(NamedTuple):
    """One key-value bucket: the last value of each key, for at most ``ttl`` seconds.

    Where ``lives`` is set, a writer may give single values a shorter life.
    """

    name: str
    writer: str
    readers: tuple[str, ...]
    ttl: float
    max_bytes: int
    lives: bool = False

    @property
    def stream(self) -> str:
        """The stream that holds the bucket."""
        return f"KV_{self.name}"

    def subject(self, key: str) -> str:
        """Where a value of this key is published."""
        return f"$KV.{self.name}.{key}"


_EVERY_SITE: Final = subjects.ANY

PUNCH: Final = StreamSpec(
    name="PUNCH",
    subjects=(subjects.punch_read(_EVERY_SITE, subjects.ANY),),
    # A work queue empties as it is consumed, has no age and refuses when full: nothing in it can
    # be pushed out before attendance has committed it.
    retention="workqueue",
    discard="new",
    max_age=0,
    max_bytes=1024 * MIB,
    duplicate_window=2 * MINUTE,
    consumers=(ConsumerSpec("attendance", subjects.punch_read(_EVERY_SITE, subjects.ANY)),),
)
RECORDED: Final = StreamSpec(
    name="RECORDED",
    subjects=(subjects.punch_recorded(_EVERY_SITE, subjects.ANY),),
    # Postgres is the archive; positions let a reader that fell behind see the gap.
    retention="limits",
    discard="old",
    max_age=0,
    max_bytes=1024 * MIB,
    duplicate_window=2 * MINUTE,
    consumers=(
        # One at a time: deliveries keep the order in which punches were recorded.
        ConsumerSpec(
            "forwarder", subjects.punch_recorded(_EVERY_SITE, subjects.ANY), max_ack_pending=1
        ),
    ),
)
OUTCOME: Final = StreamSpec(
    name="OUTCOME",
    subjects=(subjects.outcome(_EVERY_SITE, subjects.ANY),),
    retention="workqueue",
    discard="new",
    max_age=0,
    max_bytes=64 * MIB,
    duplicate_window=2 * MINUTE,
    consumers=(
        # One at a time: a progress report never overtakes the end it belongs to.
        ConsumerSpec("devices", subjects.outcome(_EVERY_SITE, subjects.ANY), max_ack_pending=1),
    ),
)
PEOPLE: Final = StreamSpec(
    name="PEOPLE",
    subjects=(subjects.people_read(_EVERY_SITE, subjects.ANY),),
    retention="limits",
    discard="old",
    max_age=7 * DAY,
    max_bytes=64 * MIB,
    duplicate_window=2 * MINUTE,
    consumers=(ConsumerSpec("attendance", subjects.people_read(_EVERY_SITE, subjects.ANY)),),
)
ALARM: Final = StreamSpec(
    name="ALARM",
    subjects=(subjects.alarm(_EVERY_SITE, subjects.ANY),),
    retention="limits",
    discard="old",
    max_age=30 * DAY,
    max_bytes=64 * MIB,
    duplicate_window=2 * MINUTE,
    consumers=(ConsumerSpec("devices", subjects.alarm(_EVERY_SITE, subjects.ANY)),),
)
DEVICE_EVENT: Final = StreamSpec(
    name="DEVICE_EVENT",
    subjects=(subjects.device_event(_EVERY_SITE, subjects.ANY),),
    retention="workqueue",
    discard="new",
    max_age=0,
    max_bytes=64 * MIB,
    duplicate_window=2 * MINUTE,
    consumers=(ConsumerSpec("devices", subjects.device_event(_EVERY_SITE, subjects.ANY)),),
)
DELIVERY: Final = StreamSpec(
    name="DELIVERY",
    subjects=(subjects.delivery(_EVERY_SITE, subjects.ANY),),
    retention="workqueue",
    discard="new",
    max_age=0,
    max_bytes=64 * MIB,
    duplicate_window=2 * MINUTE,
    consumers=(ConsumerSpec("attendance", subjects.delivery(_EVERY_SITE, subjects.ANY)),),
)
DLQ: Final = StreamSpec(
    name="DLQ",
    subjects=("dlq.>",),
    retention="limits",
    discard="old",
    max_age=30 * DAY,
    max_bytes=256 * MIB,
    duplicate_window=2 * MINUTE,
)
ADVISORY: Final = StreamSpec(
    name="ADVISORY",
    # What slips past the dead-letter rule still leaves a trace here.
    subjects=(
        "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
        "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
    ),
    retention="limits",
    discard="old",
    max_age=30 * DAY,
    max_bytes=16 * MIB,
    duplicate_window=2 * MINUTE,
)

AUTH: Final = BucketSpec(
    name="AUTH",
    writer="auth",
    readers=("devices", "attendance", "forwarder", "gateway"),
    # No age, for a signing key stays what it is; an ended session is of no use once every token
    # of it has run out, and must not fill the bucket.
    ttl=0,
    max_bytes=64 * MIB,
    lives=True,
)
VERSION: Final = BucketSpec(
    name="VERSION", writer="attendance", readers=("gateway",), ttl=0, max_bytes=16 * MIB
)
PEOPLE_VERSION: Final = BucketSpec(
    name="PEOPLE_VERSION", writer="devices", readers=("gateway",), ttl=0, max_bytes=16 * MIB
)
SITE: Final = BucketSpec(
    name="SITE", writer="devices", readers=("attendance",), ttl=0, max_bytes=16 * MIB
)
CACHE: Final = BucketSpec(
    name="CACHE", writer="gateway", readers=("gateway",), ttl=5 * MINUTE, max_bytes=256 * MIB
)

BUCKETS: Final = (AUTH, VERSION, PEOPLE_VERSION, SITE, CACHE)


def of_bucket(bucket: BucketSpec) -> StreamSpec:
    """Return the stream that must stand behind a bucket."""
    return StreamSpec(
        name=bucket.stream,
        subjects=(bucket.subject(">"),),
        retention="limits",
        discard="new",
        max_age=bucket.ttl,
        max_bytes=bucket.max_bytes,
        duplicate_window=2 * MINUTE,
        max_msgs_per_subject=1,
        allow_direct=True,
        allow_msg_ttl=bucket.lives,
    )


STREAMS: Final = (
    PUNCH,
    RECORDED,
    OUTCOME,
    PEOPLE,
    ALARM,
    DEVICE_EVENT,
    DELIVERY,
    DLQ,
    ADVISORY,
    *(of_bucket(bucket) for bucket in BUCKETS),
)


def operation_stream(site: str) -> StreamSpec:
    """Return the stream of a site's operations.

    One for each site, because the broker's permissions cannot tell consumers of one stream apart
    by a part of their name, and an agent may read the operations of its own site only.
    """
    return StreamSpec(
        name=f"OPERATION_{site}",
        subjects=(f"cmd.{site}.>",),
        retention="workqueue",
        discard="new",
        max_age=0,
        max_bytes=64 * MIB,
        duplicate_window=2 * MINUTE,
        # One consumer a device, made by the registry; the server's own default stops at 1,000.
        max_consumers=10_000,
    )


def device_consumer(site: str, device_id: int) -> ConsumerSpec:
    """Return the consumer of one device's operations: in order, one in flight."""
    return ConsumerSpec(
        durable=f"device-{device_id}",
        filter_subject=subjects.operations_of(site, device_id),
        max_ack_pending=1,
    )


def subscriber_consumer(site: str) -> ConsumerSpec:
    """Return the cursor of a program outside the project: one site's recorded punches, no more."""
    return ConsumerSpec(
        durable=f"subscriber-{site}",
        filter_subject=subjects.punch_recorded(site, subjects.ANY),
    )
