"""What `mitmdump -s addons/gateway.py` loads: the addons, in the order in which a request meets them."""

from countersign.proxy.approval_pause import ApprovalPause
from countersign.proxy.audit_outcome import AuditOutcome
from countersign.proxy.client_view import ClientView
from countersign.proxy.front_door import FrontDoor
from countersign.proxy.protocols import Protocols
from countersign.proxy.runtime import Runtime
from countersign.proxy.schema_gate import SchemaGate
from countersign.proxy.startup_checks import StartupChecks
from countersign.proxy.token_verification import TokenVerification
from countersign.proxy.upstream_credential import UpstreamCredential

_runtime = Runtime()

addons = [
    StartupChecks(_runtime),
    FrontDoor(_runtime),
    TokenVerification(_runtime),
    SchemaGate(_runtime),
    ApprovalPause(_runtime),
    UpstreamCredential(_runtime),
    Protocols(_runtime),
    ClientView(_runtime),
    AuditOutcome(_runtime),
]
