"""Network accounts that take messages: one file each, named after the provider."""
