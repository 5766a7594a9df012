"""What customers reach by the links in their messages."""
