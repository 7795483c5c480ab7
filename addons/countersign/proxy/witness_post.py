"""The gateway's requests to witnesses, from threads that wait for them; bounded and checked as all that `outbound` sends."""

from __future__ import annotations

import asyncio
from pathlib import Path

from countersign.evidence.witness_protocol import TEXT_TYPE
from countersign.proxy.outbound import Outbound


class WitnessPost:
    """POST for `WitnessFeed`. `trusted_ca`: a PEM file that replaces the public certificate authorities."""

    def __init__(self, trusted_ca: Path | None) -> None:
        self._trusted_ca = trusted_ca

    def __call__(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        """Status, media type and body of the answer. Raises OSError when none comes in time.

        Not from a thread with a running event loop: it has one of its own, so that the gateway's may be busy.
        """
        return asyncio.run(self._post(url, body))

    async def _post(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        outbound = Outbound(self._trusted_ca)
        try:
            answer = await outbound.post_bytes(url, body, {"Content-Type": TEXT_TYPE})
        finally:
            outbound.close()
        return answer.status, answer.headers.get("content-type", ""), answer.body
