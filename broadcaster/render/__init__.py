"""What a message says: kinds, locales, catalogues, and the templates that join them."""
