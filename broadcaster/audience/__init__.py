"""Customers and segments: attributes, the expression language, imports, the fictional customers."""
