"""Who announces an address, and why each other node does not. Pure.

`why` names the reasons. A Service is a `petition`, and where there is something to elect a `case`; `sharing`
says which are judged together. `eligibility` and `electorate` say how nodes stand, `bulletin` and `claims`
what they tell of themselves, `contest` what each has to offer, and `election` who wins. `verdict` is the
whole answer for a Service, the same for the speaker and for whoever asks it to explain itself; `handover`
says when a node that lost an address falls silent.
"""
