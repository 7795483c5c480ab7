"""One JSON document, and the documents inside its strings.

json_walk (walk_rules, trail)    finds who masks each value, and copies the rest
json_paths        JSONPath: which values of a document the rules select
json_documents    which texts are documents, and how they are written
named_elements    `["password", ...]`, `["--password", ...]` in arrays
described_values  `{"name": "password", "value": ...}`, operations of a patch, marked subschemas
pointers          whether a place in a schema touches a masked one
"""
