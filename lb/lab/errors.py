"""What goes wrong in a lab, told to a person: which part, what it said, what to do."""


class LabError(Exception):
    """The lab cannot do what was asked; the message names the part, the reason and the remedy."""


class BrokenLabError(LabError):
    """A part of the lab has failed: waiting will not make it better."""


class TimedOutError(LabError, TimeoutError):
    """A condition did not come true in time; the message says which, and what was seen last."""
