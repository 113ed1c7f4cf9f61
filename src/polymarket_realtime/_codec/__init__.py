"""Floor 1: text to frames and back. Holds no state."""
