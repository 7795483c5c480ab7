"""Raw message -> what evidence may hold and an approver may see.

masker            the rules, compiled: messages, targets, headers, schemas
values            what comes out of it
client_views      what callers see of answers, where rules say so
policies          the rules compiled for one kind of message: who masks what in every carrier
carriers/         bodies, header fields, request targets; Content-Encoding
documents/        JSON, and JSON inside its strings
fields/           who masks by the name of a field, by a mark, without a rule
schemas/          what schemas mark as sensitive
texts, detectors/ secrets that are told by how they look
replacements      what stands in a masked value's place
keyed_digest      digests that nobody can compute without the key
rule_checks       whether rules can be followed, and mask something in their own examples
"""

from countersign.masking.carriers.client_bodies import NotMaskable
from countersign.masking.client_views import ClientView, ClientViews, MaskedAnswer
from countersign.masking.documents.pointers import touches
from countersign.masking.fields.member_names import masked_names
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.masker import Masker
from countersign.masking.values import KnownSchema, MaskedBody, MaskedMessage, MaskedSchema, MaskingFailed

__all__ = [
    "ClientView",
    "ClientViews",
    "KeyedDigest",
    "KnownSchema",
    "MaskedAnswer",
    "MaskedBody",
    "MaskedMessage",
    "MaskedSchema",
    "Masker",
    "MaskingFailed",
    "NotMaskable",
    "masked_names",
    "touches",
]
