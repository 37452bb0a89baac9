"""ARP and the failure detector between speakers, as machines without I/O, clock or chance."""
