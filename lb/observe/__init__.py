"""How a process of ours is seen from outside: logs, metrics, health. It knows nothing of load balancing."""
