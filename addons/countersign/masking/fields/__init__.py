"""Who masks a value by the name of its field or by a mark of its schema.

field_rules (field_names)    by the name, in any spelling
mark_rules (mark_words)      by the mark
built_in_rules    what masks without a rule
member_names      names of members that rules hide
name_patterns     which names an expression of a schema fits, within bounds
"""
