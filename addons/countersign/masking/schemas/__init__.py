"""What schemas mark as sensitive: in data that follows them, and in themselves.

schema_marks      a schema -> what is marked (subschemas, marked_places, marked_values)
schema_locations, schema_positions, schema_keywords    where subschemas stand, what their identifiers and references mean
known_marks       the schemas that are known to describe a message
schema_notes      schemas inside a document, as the walk through it meets them
"""
