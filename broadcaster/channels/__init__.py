"""What a message is on each channel: SMS segments, numbers, mails and push payloads."""
