"""Request -> Operation: what a request asks a schema service to do, by the dialects of rules/dialects/*.yaml.

recognition  which operation of a dialect a request is
targets      the one reading of a request target; templates -> targets
bodies       the one reading of a JSON body, and where schemas and references stand in it
current      answers of the service -> the schema that is in force
refusals     members that a dialect adds to a refusal
quotation    words of the caller in a refusal
operations   the values
"""

from countersign.dialects.current import read_current
from countersign.dialects.operations import CurrentRead, Operation, Reference, RequestView, UnknownOperation
from countersign.dialects.recognition import recognise
from countersign.dialects.refusals import refusal_members

__all__ = [
    "CurrentRead",
    "Operation",
    "Reference",
    "RequestView",
    "UnknownOperation",
    "read_current",
    "recognise",
    "refusal_members",
]
