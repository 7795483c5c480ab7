"""The real parts of the story: what the demo and the end-to-end tests put around the gateway, all on loopback.

process        starts a program, waits for it, ends it
certificates   a throw-away authority and server certificates
provider       an OIDC provider (nanoidp) with people and pipelines
registry       a schema service that speaks Confluent's REST API, over `subjects`
store          a schema service of the plain REST kind
running        starts `registry` or `store`, tells what reached it, makes it fail
service        what both services share: their credential, the record of what reached them, faults on demand
"""
