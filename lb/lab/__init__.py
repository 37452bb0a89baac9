"""A real Kubernetes in network namespaces on one Linux machine: a product of its own, without Docker.

`lb.lab.lab.Lab` is the door for Python, `lbctl lab` the one for people. The processes are the real ones
(etcd, the Kubernetes programs, containerd, runc, CNI plugins); only the machines around them are made of
namespaces and cgroups. It knows nothing of load balancing, and no product code imports it.
"""
