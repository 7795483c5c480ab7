"""The content view that opens first."""

from __future__ import annotations

import pytest
from mitmproxy.contentviews import Metadata
from mitmproxy.test import tflow

from countersign.approvals import Approval
from countersign.console.approval_view import ApprovalContentview, content_views
from countersign.console.twins import Twin
from tests.console.stage import approval_request


def test_it_is_chosen_for_a_twin_s_request() -> None:
    """Above JSON, which the body is."""
    twin = Twin(Approval(approval_request()))
    metadata = Metadata(flow=twin, http_message=twin.request, content_type="application/json")
    view = content_views().get_view(b"{}", metadata, "auto")
    assert view.name == "Countersign"
    assert "taxId becomes required" in view.prettify(b"{}", metadata)
    assert "Resume approves" in view.prettify(b"{}", metadata)


def test_it_is_never_chosen_for_anything_else() -> None:
    """A flow that is no twin has no approval to show."""
    flow = tflow.tflow()
    metadata = Metadata(flow=flow, http_message=flow.request, content_type="application/json")
    assert content_views().get_view(b"{}", metadata, "auto").name == "JSON"
    with pytest.raises(TypeError):
        ApprovalContentview().prettify(b"{}", metadata)


def test_there_are_three_views() -> None:
    """The change, the body as JSON, the body as it is; mitmproxy's other readers stay out."""
    assert content_views().available_views() == ["auto", "countersign", "json", "raw"]
