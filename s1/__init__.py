"""S1: a convolutional network that proposes scored boxes from a sequence."""
