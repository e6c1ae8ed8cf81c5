"""Run simulated terminals: python -m services.devices.simulators --help."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from typing_extensions import override

from services.devices.simulators import control
from services.devices.simulators.fleet import Fleet, FleetError
from services.devices.simulators.profiles import PROFILES
from services.devices.simulators.spec import DeviceSpec, SpecError, parse_file, parse_option
from services.devices.simulators.truth import TruthDamagedError
from shared.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class _ControlServer(uvicorn.Server):
    """uvicorn, except that signals are ours: the fleet has to stop after it."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; return 0, or 1 with a sentence on stderr."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(options))
    except (FleetError, SpecError, TruthDamagedError, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


async def _run(options: argparse.Namespace) -> None:
    fleet = Fleet(_specs(options), options.state_dir, SystemClock().now, options.seed)
    await fleet.start()
    try:
        with socket.create_server(options.control) as listener:
            await _serve(fleet, listener, options.live_every)
    finally:
        fleet.stop()


async def _serve(fleet: Fleet, listener: socket.socket, live_every: float) -> None:
    config = uvicorn.Config(control.build(fleet), log_config=None, access_log=False, lifespan="off")
    server = _ControlServer(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)  # noqa: FBT003 - setattr's own form
    sys.stdout.write(json.dumps(_ready(fleet, listener)) + "\n")
    sys.stdout.flush()
    async with asyncio.TaskGroup() as tasks:
        punching = tasks.create_task(fleet.keep_punching(live_every)) if live_every else None
        await server.serve(sockets=[listener])
        if punching is not None:
            punching.cancel()


def _ready(fleet: Fleet, listener: socket.socket) -> dict[str, object]:
    host, port = listener.getsockname()
    devices: list[dict[str, object]] = [
        {"serial": serial, "host": server.device.spec.host, "port": server.port}
        for serial, server in fleet.servers.items()
    ]
    devices += [
        {"serial": serial, "server": terminal.dialing.server}
        for serial, terminal in fleet.terminals.items()
    ]
    return {"control": f"http://{host}:{port}", "devices": devices}


def _specs(options: argparse.Namespace) -> list[DeviceSpec]:
    specs: list[DeviceSpec] = list(options.device)
    if options.fleet is not None:
        specs += parse_file(options.fleet.read_bytes())
    if not specs:
        sentence = "no device to simulate; give --device or --fleet"
        raise FleetError(sentence)
    return specs


def _device(text: str) -> DeviceSpec:
    try:
        return parse_option(text)
    except SpecError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    # Whoever reaches the control can open doors and forge punches: it never leaves the machine.
    if not port.isdecimal() or not (host == "localhost" or host.startswith("127.")):
        sentence = f"{text!r} is not HOST:PORT with a loopback address"
        raise argparse.ArgumentTypeError(sentence)
    return host, int(port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.devices.simulators",
        description="Simulated terminals, controlled over HTTP: ZKTeco terminals on TCP and UDP "
        "port 4370, Timmy terminals that dial a server.",
        epilog="Prints one JSON line when everything listens: the control's URL and the devices.",
    )
    parser.add_argument(
        "--state-dir", type=Path, required=True, metavar="DIR", help="keeps every device's log"
    )
    parser.add_argument(
        "--control",
        type=_address,
        default=("127.0.0.1", 0),
        metavar="HOST:PORT",
        help="where the fleet control listens, a loopback address; port 0 takes a free one",
    )
    parser.add_argument(
        "--device",
        type=_device,
        action="append",
        default=[],
        metavar="FIELD=VALUE,...",
        help=f"a device, may be repeated. Fields: {', '.join(DeviceSpec.model_fields)}; key=none "
        f"asks for no key; profiles: {', '.join(PROFILES)}. Others can read a key given here: "
        "keep real ones in the fleet file",
    )
    parser.add_argument(
        "--fleet", type=Path, metavar="FILE", help="JSON list of devices, same fields"
    )
    parser.add_argument(
        "--live-every",
        type=float,
        default=0,
        metavar="SECONDS",
        help="let somebody punch at each device this often; 0, the default, is never",
    )
    parser.add_argument("--seed", type=int, default=1, help="of invented people and punches")
    return parser


if __name__ == "__main__":
    sys.exit(main())
