"""What README claims about speed and memory, measured: each figure is a ratio of two measurements of one run.

held.py             what waits for approval must not slow down, nor bloat the gateway for, what does not
schema_change.py    the comparison of schemas beside another program's
evidence_commit.py  durable evidence beside evidence in memory
evidence_verify.py  verifying a large log beside plain SHA-256, in bounded memory
evidence_soak.py    a steady load on the log, and what becomes of latency and memory

evidence_logs.py and measured.py are what they share.
"""
