"""Starts only what is safe, and says file, line and remedy where it is not; losing the addons ends the process.

A reload, a deleted script or a broken edit would otherwise leave a proxy without a gate.
"""

from __future__ import annotations

import gc
import ipaddress
import logging
import secrets
import sys
from difflib import get_close_matches
from pathlib import Path

from mitmproxy import ctx, exceptions
from mitmproxy.addonmanager import Loader
from mitmproxy.proxy import mode_specs
from mitmproxy.utils import asyncio_utils

from countersign import limits
from countersign.console.server import Console
from countersign.console.settings import ConsoleSettings
from countersign.errors import CountersignError
from countersign.evidence import StatePlaces
from countersign.masking import KeyedDigest, Masker
from countersign.masking.keyed_digest import KEY_BYTES
from countersign.masking.rule_checks import check_rules as check_masking
from countersign.proxy import options
from countersign.proxy.log_masking import LogMasking
from countersign.proxy.masking_process import NotMasked
from countersign.proxy.quoted_bytes import keep_out_of_logs
from countersign.proxy.recovery import look_again
from countersign.proxy.runtime import Parts, Runtime
from countersign.rulebook.loading import load
from countersign.rulebook.values import Rulebook

logger = logging.getLogger(__name__)

_UNSAFE = "countersign does not run like this:\n  "


class StartupChecks:
    name = "countersign_startup_checks"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._rules: Rulebook | None = None
        self._overruled: list[str] = []
        self._logs = LogMasking(
            Masker((), KeyedDigest(secrets.token_bytes(KEY_BYTES))).text
        )  # until the rules are read

    def load(self, loader: Loader) -> None:
        if type(ctx.master).__module__ in ("mitmproxy.tools.web.master", "mitmproxy.tools.console.master"):
            raise CountersignError(
                "countersign runs in mitmdump only: `mitmdump -s addons/gateway.py`. It serves mitmweb itself, behind a "
                "login; mitmweb's own lets whoever opens it edit what was approved"
            )
        self._logs.install()
        keep_out_of_logs()
        sys.setswitchinterval(limits.THREAD_SWITCH_SECONDS)
        self._overruled = options.overruled()
        options.add_options(loader)

    def configure(self, updated: set[str]) -> None:
        problems = [*self._overruled, *unsafe_options()]
        if self._rules is None:
            return self._first_configure(problems)
        if self._runtime.is_started and any(name.startswith("countersign_") for name in updated):
            problems.append("the gateway's own options are read at start; restart it to change them")
        if problems:  # mitmproxy takes the change back
            raise exceptions.OptionsError(_UNSAFE + "\n  ".join(problems))
        return None

    def _first_configure(self, problems: list[str]) -> None:
        """An error that is logged while starting ends mitmdump, without the traceback that an exception would bring."""
        if problems:
            return logger.error(_UNSAFE + "\n  ".join(problems))
        directory = options.rules_directory()
        try:
            rules = load(directory)
            check_masking(rules.masking, rules.built_in_masking, directory)
            self._rules = rules
        except CountersignError as error:
            logger.error("the rules cannot be used:\n%s", error)
        return None

    def running(self) -> None:
        problems = misspelt_options()
        if problems:
            return self._give_up("\n".join(problems))
        if self._rules is None:
            return self._give_up("countersign is not configured, so nothing would pass: see the errors above")
        try:
            self._start(self._rules)
        except (CountersignError, OSError) as error:
            return self._give_up(f"countersign cannot start: {error}")
        return None

    def done(self) -> None:
        self._runtime.stop()
        gc.unfreeze()
        if not ctx.master.should_exit.is_set():
            logger.warning("countersign is being unloaded: the process ends, or requests would pass without it")
            ctx.master.shutdown()

    def _start(self, rules: Rulebook) -> None:
        places = StatePlaces(options.state_directory())
        trusted = ctx.options.ssl_verify_upstream_trusted_ca
        parts = Parts(rules, places, options.origin(), Path(trusted).expanduser() if trusted else None)
        self._logs.text = parts.masking.text
        try:
            unsafe = ["unsafe_plain_credentials"] if ctx.options.unsafe_plain_credentials else []
            for name in unsafe:
                logger.warning("%s is on: callers' tokens may cross the network in the clear", name)
            parts.record_rules(unsafe)
            console = Console(
                ctx.master,
                parts.desk,
                parts.verifier.verify,
                _console_settings(),
                browser_login=parts.browser_login,
                history=parts.log.history,
            )
            parts.start_notifier(console.approval_url)
            console.start()
        except BaseException:
            parts.close()
            raise
        asyncio_utils.create_task(self._open(parts, console), name="countersign opens", keep_ref=True)

    async def _open(self, parts: Parts, console: Console) -> None:
        """mitmdump listens before it loads a script, so maybe on every address; no request passes until that is mended."""
        server = ctx.master.addons.get("proxyserver")
        try:
            for instance in server.servers if server else ():
                if any(not _is_loopback(address[0]) for address in instance.listen_addrs):
                    await instance.stop()
                    await instance.start()
        except OSError as error:
            console.stop()
            parts.close()
            return self._give_up(f"countersign cannot listen: {error}")
        parts.masking.warm_up()
        _keep_what_is_there()
        self._runtime.start(parts, console)
        look_again(parts)
        asyncio_utils.create_task(self._start_masking(parts), name="countersign masking", keep_ref=True)
        logger.info("countersign is running; approvers log in at %s", console.url)
        return None

    async def _start_masking(self, parts: Parts) -> None:
        """Beside the traffic: a large message that comes first waits for it."""
        try:
            await parts.masking_process.start()
        except NotMasked as error:
            if not parts.masking_process.is_closed:
                logger.error("large messages are kept as nothing readable: %s", error)

    def _give_up(self, why: str) -> None:
        """An error logged while starting makes mitmdump exit with 1; later, the shutdown does."""
        logger.error(why)
        ctx.master.shutdown()


def _keep_what_is_there() -> None:
    """What was made for good at start is never looked at again by Python's collector of garbage: that stops every thread,
    for a tenth of a second each time, and the larger a body is the more often it comes."""
    gc.collect()
    gc.freeze()


def unsafe_options() -> list[str]:
    """What of mitmproxy's options would open a way past the gate, one line each with the remedy."""
    problems = []
    for name, (value, why) in options.FIXED.items():
        if getattr(ctx.options, name) != value:
            problems.append(f"{name} must stay {value!r}: {why}")
    for name, why in options.UNTOUCHED.items():
        if name in ctx.options and getattr(ctx.options, name) != ctx.options.default(name):
            problems.append(f"{name} must not be set: {why}")
    if len(ctx.options.scripts) > 1:
        problems.append("give one -s only: an error in another script switches the gate off")
    for spec in ctx.options.mode:
        mode = mode_specs.ProxyMode.parse(spec)
        if mode.type_name not in options.MODES:
            problems.append(f"mode {mode.type_name} is not looked at; use {' or '.join(sorted(options.MODES))}")
        elif isinstance(mode, mode_specs.ReverseMode) and mode.scheme not in ("http", "https"):
            problems.append(f"mode {spec}: only http and https services are looked at")
        host = mode.listen_host(ctx.options.listen_host)
        if not _is_loopback(host) and not ctx.options.certs and not ctx.options.unsafe_plain_credentials:
            problems.append(
                f"listening on {host or 'every address'} needs a certificate (--certs HOST=FILE), "
                "or tokens cross the network in the clear; --listen-host 127.0.0.1 needs none"
            )
    return problems


def misspelt_options() -> list[str]:
    """Options that no addon knows: mitmproxy ignores them without a word."""
    problems = []
    for name in ctx.options.deferred:
        close = get_close_matches(name, ctx.options.keys(), 1)
        problems.append(f"there is no option {name}" + (f"; did you mean {close[0]}?" if close else ""))
    return problems


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _console_settings() -> ConsoleSettings:
    certificate, key = ctx.options.countersign_console_certificate, ctx.options.countersign_console_key
    return ConsoleSettings(
        host=ctx.options.countersign_console_host,
        port=ctx.options.countersign_console_port,
        public_url=ctx.options.countersign_console_url or None,
        tls_certificate=Path(certificate).expanduser() if certificate else None,
        tls_key=Path(key).expanduser() if key else None,
        session_key=secrets.token_bytes(32),
    )
