"""rules/*.yaml -> frozen values. The only place that reads rule files; everything above takes the values as arguments.

loading           a directory -> Rulebook, or every problem that is in it
documents         one YAML file -> plain data with line numbers
shapes            plain data against schemas/*.schema.json (rules/schemas shows editors the same files)
*_rules           plain data -> values.py, with the checks that a JSON Schema cannot say
hosts, templates  one way to write a host, a URL, a path template, a JSONPath
problems          what is wrong, collected: a user sees all of it at once
values            the values; what the rest of the package imports (places, dialect_values: parts of it)
secret_values     secrets that rule files only point to, read at use
"""
