"""Assembly of proposed boxes as a sequential decision process."""
