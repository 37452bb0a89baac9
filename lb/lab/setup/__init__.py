"""Getting what a lab is made of onto the machine: found where it is, else built or installed once."""
