"""Which protocol comes next on a connection: TLS, then HTTP/1 or HTTP/2, and nothing else.

Decides in place of mitmproxy's own `next_layer` addon, so that no option and no guess of that one (raw TCP, DNS, QUIC)
leads to bytes that nobody looks at. Does not know of blind tunnels: `protocols` does.
"""

from __future__ import annotations

from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import layer, layers, mode_specs
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.tunnel import LayerStack

from countersign.proxy.bounded_http import BoundedHttp
from countersign.proxy.fail_closed import Closed


def http_layers(context: Context, data: bytes) -> layer.Layer:
    """The layers for a connection whose client's first bytes, as far as they came, are `data`."""
    if context.client.transport_protocol != "tcp":
        return Closed(context)
    stack, below = LayerStack(), context.layers[-1]
    is_tls = starts_like_tls_record(data) and not isinstance(below, layers.ClientTLSLayer)
    match below:
        case modes.HttpProxy():
            mode, is_tls_above = HTTPMode.regular, False
        case modes.ReverseProxy():
            spec = context.client.proxy_mode
            mode = HTTPMode.transparent
            is_tls_above = isinstance(spec, mode_specs.ReverseMode) and spec.scheme == "https"
        case _:  # inside a CONNECT
            mode, is_tls_above = HTTPMode.transparent, is_tls
    if is_tls_above:
        stack /= layers.ServerTLSLayer(context)
    if is_tls:
        stack /= layers.ClientTLSLayer(context)
    if isinstance(below, modes.HttpProxy | modes.ReverseProxy) or not is_tls:
        stack /= BoundedHttp(context, mode)
    return stack[0]
