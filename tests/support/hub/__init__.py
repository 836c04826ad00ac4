"""A Hub on the loopback interface, with faults to order: see README.md."""
