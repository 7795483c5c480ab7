"""The gateway's own mitmdump options, and what mitmproxy's own must be for the gate to hold.

Does not check the values of the gateway's options: startup_checks does.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader

from countersign import limits

#: Set at load, and refused when anybody changes them: option -> (value, why).
FIXED: Mapping[str, tuple[object, str]] = {
    "connection_strategy": ("lazy", "eager connects to the service before anybody was allowed to"),
    "rawtcp": (False, "bytes that are not HTTP would pass unseen"),
    "websocket": (False, "messages of an upgraded connection would pass unseen"),
    "http3": (False, "HTTP/3 is not looked at; what comes over UDP is closed unread"),
    "onboarding": (False, "mitmproxy's own page would answer inside the proxy"),
    "flow_detail": (0, "flow details print URLs with their queries"),
    "dns_use_hosts_file": (True, "names resolve as the machine resolves them"),
    "body_size_limit": (str(limits.MAX_BODY_BYTES), "a body is read whole before it is decided on"),
    "validate_inbound_headers": (True, "ambiguous headers smuggle requests"),
    "normalize_outbound_headers": (True, "a service must read the headers that were checked"),
    "upstream_cert": (False, "the service would be contacted before anybody was allowed to"),
}

#: Must be as mitmproxy ships them: option -> why.
UNTOUCHED: Mapping[str, str] = {
    "stream_large_bodies": "a streamed body is upstream before it is looked at",
    "store_streamed_bodies": "nothing is streamed",
    "ssl_insecure": "anybody could pose as the service",
    "ignore_hosts": "ignored hosts pass uninspected; list tunnels in rules/connections",
    "allow_hosts": "all other hosts would pass uninspected",
    "tcp_hosts": "raw TCP passes uninspected",
    "udp_hosts": "raw UDP passes uninspected",
    "map_remote": "it rewrites what was approved",
    "map_local": "it answers in place of the service",
    "modify_body": "it rewrites what was approved",
    "modify_headers": "it rewrites what was approved",
    "stickyauth": "it replays one caller's credential for another",
    "stickycookie": "it replays one caller's cookies for another",
    "anticache": "it rewrites what was approved",
    "anticomp": "it rewrites what was approved",
    "block_list": "it answers before the gate and without evidence",
    "proxyauth": "it takes the caller's token away before the gateway sees it",
    "upstream_auth": "the service's credential stands in rules/connections",
    "rfile": "recorded flows would forge evidence",
    "save_stream_file": "it writes raw flows to disk",
    "hardump": "it writes raw flows to disk",
    "client_replay": "replayed requests have no caller",
    "server_replay": "recorded answers would forge evidence",
    "intercept": "the gateway itself pauses what needs approval",
    "keep_host_header": "the service must see the host that was checked",
    "connect_addr": "it binds connections elsewhere",
    "proxy_debug": "it logs raw messages",
    "strip_ech": "encrypted client hellos hide where a tunnel leads",
}

#: Modes in which every request comes past every hook.
MODES = frozenset({"regular", "reverse"})

#: Names of this package's options start so; what is left over with such a name was misspelt.
_OWN: tuple[tuple[str, type, object, str], ...] = (
    ("countersign_rules", str, "", "Folder of the rule files."),
    ("countersign_state", str, "", "Folder of the evidence database and of the gateway's keys."),
    ("countersign_origin", str, "", "Name of the evidence log, in every record and checkpoint; set it once."),
    ("countersign_console_host", str, "127.0.0.1", "Address of the approvers' console; loopback without TLS."),
    ("countersign_console_port", int, 8082, "Port of the approvers' console; 0: any free one."),
    ("countersign_console_url", str, "", "URL under which approvers reach the console, where it is not the address."),
    ("countersign_console_certificate", str, "", "PEM file with the console's certificate chain."),
    ("countersign_console_key", str, "", "PEM file with the console's private key."),
    (
        "unsafe_plain_credentials",
        bool,
        False,
        "Let callers on other hosts send their tokens over plain HTTP, and listen there without TLS. Logged and recorded.",
    ),
)


def add_options(loader: Loader) -> None:
    """Declare the gateway's options and set mitmproxy's."""
    for name, kind, default, text in _OWN:
        loader.add_option(name, kind, default, text)
    ctx.options.update(**{name: value for name, (value, _) in FIXED.items()})
    if not ctx.options.listen_host:
        ctx.options.update(listen_host="127.0.0.1")


def overruled() -> list[str]:
    """The options that somebody gave another value than they must have, one line each; asked before `add_options`."""
    return [
        f"{name} must stay {value!r}: {why}"
        for name, (value, why) in FIXED.items()
        if getattr(ctx.options, name) not in (value, ctx.options.default(name))
    ]


def rules_directory() -> Path:
    """Where the rule files are: the option, else COUNTERSIGN_RULES, else rules/ beside addons/."""
    beside = Path(__file__).parents[3] / "rules"
    return Path(ctx.options.countersign_rules or os.environ.get("COUNTERSIGN_RULES") or beside).expanduser()


def state_directory() -> Path:
    """Where evidence and keys are: the option, else COUNTERSIGN_STATE, else ~/.countersign."""
    return Path(
        ctx.options.countersign_state or os.environ.get("COUNTERSIGN_STATE") or Path.home() / ".countersign"
    ).expanduser()


def origin() -> str:
    """The log's name (C2SP tlog-checkpoint: schema-less URL form)."""
    return str(ctx.options.countersign_origin or f"countersign.invalid/audit/{socket.gethostname()}/1")
