"""The failure detector as a process of its own, beside the speaker that it works for.

Heartbeats are due every few hundredths of a second, whatever the speaker computes meanwhile.
"""
