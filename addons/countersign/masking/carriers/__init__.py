"""What carries values: bodies by what they are, header fields, request targets.

content_coding (recoding)    Content-Encoding undone within a bound, and done again; the gateway reads bodies through it, too
bodies            one body by what it is: JSON, json_lines, forms, multipart_bodies; else length and digest only
client_bodies     a body as its caller may see it
media_types, parameters, readings    what they share: one reading of a Content-Type; names and values; several readings
header_fields, request_target    the other carriers of secrets
"""
