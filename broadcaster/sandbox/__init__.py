"""Simulated networks: a carrier, a mail host and a push service that speak the real protocols.

They are simulators and say so: nothing that they take ever leaves this machine.
"""
