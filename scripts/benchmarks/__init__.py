"""What README claims about speed and memory, measured: each figure is a ratio of two measurements of one run.

held.py     what waits for approval must not slow down, nor bloat the gateway for, what does not
"""
