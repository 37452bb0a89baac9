"""The Kubernetes objects that we read or write, one module a kind, with only the fields that we use.

Frozen values without behaviour. What a field means is the Kubernetes or MetalLB API's to say; what is valid
is `lb.config`'s.
"""
