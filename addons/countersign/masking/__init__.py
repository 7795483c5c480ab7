"""Raw message -> what evidence may hold and an approver may see.

masker            the rules, compiled: messages, targets, headers, schemas
values            what comes out of it
content_coding    Content-Encoding undone within a bound; the gateway reads bodies through it when it decides, too
json_paths        JSONPath: which values of a document the rules select
json_documents    one document and the documents inside its strings
header_fields, request_target    the other carriers of secrets
replacements      what stands in a masked value's place
keyed_digest      digests that nobody can compute without the key
pointers          whether a place in a schema touches a masked one
member_names      names of members that rules hide
"""

from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.masker import Masker
from countersign.masking.member_names import masked_names
from countersign.masking.pointers import touches
from countersign.masking.values import MaskedBody, MaskedMessage, MaskedSchema, MaskingFailed

__all__ = [
    "KeyedDigest",
    "MaskedBody",
    "MaskedMessage",
    "MaskedSchema",
    "Masker",
    "MaskingFailed",
    "masked_names",
    "touches",
]
