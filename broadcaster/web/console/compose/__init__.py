"""Composing campaigns in steps that can be left and resumed, and approving them."""
