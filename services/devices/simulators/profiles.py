"""Terminals seen in the field, as bundles of spec fields: what captures and reports say of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLACK_AND_WHITE: Final[Mapping[str, object]] = {
    "user_width": 28,
    "packet": 1024,
    "encoding": "gbk",
    "garbage": True,
}

PROFILES: Final[Mapping[str, Mapping[str, object]]] = {
    # F19 and most colour terminals of 2016 to 2020; what a spec without a profile is.
    "zmm220": {},
    # K20, JZ4725: 1008-byte packets that arrived in pieces of 24 to 256 bytes (pyzk's tests).
    "k20": {
        "platform": "JZ4725_TFT",
        "packet": 1008,
        "sizes": "short",
        "writes": "fragmented",
    },
    # K40: one segment an answer, the byte count in the closing slot (js_zklib #53).
    "k40": {"platform": "JZ4725_TFT", "packet": 1008, "writes": "coalesced", "garbage": True},
    # F18, ZMM210: advertises packets of 64 KB (pyzk #111).
    "f18": {"platform": "ZMM210_TFT", "packet": 65_536, "closing": "session"},
    # Z40 over UDP: 16-byte records, state before verify (js_zklib #50).
    "z40": {
        "platform": "ZMM100_TFT",
        "firmware": "Ver 6.60 Aug 17 2015",
        "log_width": "16",
        "live_width": 12,
    },
    # MA300: packed 8-byte records by slot, 10-byte events (pyzk #56 #92 #99 #100).
    "ma300": {
        **_BLACK_AND_WHITE,
        "platform": "ZEM560",
        "firmware": "Ver 6.21 Feb 27 2012",
        "log_width": "8b",
        "live_width": 10,
    },
    # Black-and-white terminals from before TCP (the php and js "zklib" family was written for).
    "zem500": {
        **_BLACK_AND_WHITE,
        "platform": "ZEM500",
        "firmware": "Ver 6.20 Aug 31 2010",
        "transport": "udp",
        "log_width": "8a",
        "live_width": 10,
        "sizes": "short",
        "empty": "error",
    },
    "zem300": {
        **_BLACK_AND_WHITE,
        "platform": "ZEM300",
        "transport": "udp",
        "log_width": "16",
        "live_width": 14,
    },
    # ZEM600 version 8: five bytes behind the event (pyzk #164).
    "zem600": {"platform": "ZEM600_TFT", "live_width": 37},
    # WL10, D2: counts one by one, one client at a time, unknown commands are 0xFFFF (pyzk #41 #76).
    "wl10": {
        "platform": "AK3750WIFI_TFT",
        "firmware": "Ver 6.60 Jun 05 2018",
        "sizes": "per_index",
        "one_connection": "reset",
    },
    # SpeedFace-V5L and H5L: 49-byte records, 4981, 4989 for "no data" (pyzk #126 #166 #170).
    "speedface": {
        "platform": "ZAM170_TFT",
        "firmware": "Ver 6.60 May 13 2020",
        "log_width": "49",
        "sizes": "long",
        "empty": "no_data",
        "unknown": "4981",
        "live_width": 52,
    },
}

FAMILIES: Final[Mapping[str, Mapping[str, object]]] = {
    # Fingerprint terminals, TH600W and TM20-WIFI: no WebSocket pongs.
    "a": {"platform": "tfs30", "firmware": "TH600W_v6.1", "quirks": ["no_pong"]},
    "b": {"platform": "AiFace", "firmware": "AiF43V_v4.50"},
    "c": {"platform": "AiFace", "firmware": "ai518_f40v_v1.29"},
    "d": {"platform": "AI07F", "firmware": "ai07f_f40v_v1.02"},
}
"""Timmy terminals, by family; section 0.1 of the protocol notes."""
