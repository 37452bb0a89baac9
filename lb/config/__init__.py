"""Custom resources, checked and turned into one immutable `Config`; what is wrong comes back as `Rejection`s.

Controller, speaker, admission and the command line all read configuration through this one parser, so that
one text has one meaning. It does no I/O.
"""
