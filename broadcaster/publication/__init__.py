"""What everybody may read: pages, feeds and CAP, frozen once and served from a folder."""
