"""The pages about people: customers, segments, areas, attributes, fair use, and imports."""
