"""The mitmproxy addons, one duty each, in the order in which a request meets them.

startup_checks       safe options, readable rules, evidence and console; losing the addons ends the process
front_door           which hosts; puts the deny stamp on every request
token_verification   who
schema_gate          what it would do, and whether it may; breaking_glass: at once, to be reviewed afterwards
approval_pause       held until other people said yes, then checked again
upstream_credential  takes the stamp off what was cleared, and adds the service's credential
protocols            what a connection carries: HTTP within bounds (http_only, bounded_http), or a recorded blind tunnel
                     (blind_tunnel, tunnel_account)
audit_outcome        what came of it

justification        what callers say to the gateway about their request
asking               from a held change to its approval; approval_recheck: what was approved is still so;
                     approval_answers: what the one who waits is told
fail_closed          the base of them all: an exception in a hook is that hook's denial
exchange             one request and what each step found out
evidence_port        the one way into the evidence log
runtime              what a running gateway is made of; outbound, witness_post: how it reaches others
"""
