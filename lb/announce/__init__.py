"""Who announces an address, and why each other node does not. Pure.

`why` names the reasons, `eligibility` says which nodes may, `election` which one does, and `verdict` is the
whole answer for a Service, the same for the speaker and for whoever asks it to explain itself.
"""
