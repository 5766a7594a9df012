"""Turning planned deliveries into submitted ones, and settling those in doubt."""
