"""The content view that opens first on a twin: the change itself, instead of the body that carries it."""

from __future__ import annotations

from mitmproxy.contentviews import Contentview, Metadata, json_view, raw
from mitmproxy.contentviews._registry import ContentviewRegistry

from countersign.approvals.change_text import approval_text
from countersign.approvals.document import approval_document
from countersign.console.twins import Twin

_HOW = "Resume approves this change, Abort denies it. Either is recorded under your name.\n\n"


class ApprovalContentview(Contentview):
    """Summary, who asks, what it needs, every change, both schemas."""

    @property
    def name(self) -> str:
        return "Countersign"

    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """Raises TypeError on a flow that is no twin."""
        if not isinstance(metadata.flow, Twin):
            raise TypeError("this view shows approvals only")
        return _HOW + approval_text(approval_document(metadata.flow.approval))

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        """Above every other view for a twin's request, never for anything else."""
        return 100 if isinstance(metadata.flow, Twin) and metadata.http_message is metadata.flow.request else -1


def content_views() -> ContentviewRegistry:
    """The only views the console offers, apart from mitmproxy's own list: each one is a reader of hostile bytes."""
    registry = ContentviewRegistry()
    for view in (ApprovalContentview(), json_view, raw):
        registry.register(view)
    return registry
