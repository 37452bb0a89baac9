"""The allocator: which address a Service gets, and why it gets none. Pure.

`request` reads what a Service asks for, `space` knows what is held and what is free, `allocation` chooses,
and `decision` says what a Service's status should be.
"""
