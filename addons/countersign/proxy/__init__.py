"""The mitmproxy addons, one duty each, in the order in which a request meets them.

startup_checks       safe options, readable rules, evidence and console; losing the addons ends the process
front_door           which hosts; puts the deny stamp on every request
token_verification   who
schema_gate          what it would do, and whether it may; breaking_glass: at once, to be reviewed afterwards
approval_pause       held until other people said yes, then checked again
upstream_credential  takes the stamp off what was cleared, and adds the service's credential
protocols            what a connection carries: HTTP within bounds (http_only, bounded_http), or a recorded blind tunnel
                     (blind_tunnel, tunnel_account)
client_view          what callers see of an answer, where rules mask it for them (views, view_headers, entity_tags)
audit_outcome        what came of it

justification        what callers say to the gateway about their request
asking               from a held change to its approval; approval_recheck: what was approved is still so;
                     approval_answers: what the one who waits is told
fail_closed          the base of them all: an exception in a hook is that hook's denial
exchange             one request and what each step found out
evidence_port        the one way into the evidence log; record_fields: what records say
message_masking      what may be kept and shown; data by the schema that describes it (data_masking, known_schemas); what is
                     large by a process of its own (masking_process, masking_pipe, masking_child)
assessing            what a change does, compared and decided; change_words: what is said of it
log_masking          no secret in what this process says about itself; quoted_bytes: nor in what mitmproxy quotes
runtime              what a running gateway is made of; outbound, witness_post: how it reaches others
"""
