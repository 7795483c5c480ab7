"""Countersign: every change to a production JSON Schema identified, authorised, countersigned and provable.

identity/        credential -> Caller
rulebook/        rules/*.yaml -> frozen values
dialects/        request -> Operation
schema_change/   old schema + new schema -> changes
decision/        caller + operation + changes + rules -> verdict
approvals/       requested -> decided -> used
masking/         raw message -> what evidence may hold
evidence/        the log: records, tree, checkpoints, verification
notifications/   news of approvals for chats, mail and webhooks
errors limits strict_json visible_text   the ground floor
proxy/ console/ cli/   the mitmproxy addons, mitmweb behind a guarded door, the `countersign` command
"""

__version__ = "0.1.0"
