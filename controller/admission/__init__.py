"""The API server's questions answered over TLS: may an object be written, and what is it in another version?

The questions and answers, the certificates and what is due for them next are computed from arguments; the
rest listens, and writes. What is allowed is `lb.config.admission`'s to say, what an object converts to
`lb.config.conversion`'s.
"""
