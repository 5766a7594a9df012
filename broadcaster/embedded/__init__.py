"""The two servers and the services on one machine: no root, no accounts, no containers."""
