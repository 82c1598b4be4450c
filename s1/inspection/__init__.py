"""Looking at S1: drawings of what it says, and reports on why it is right or wrong."""
