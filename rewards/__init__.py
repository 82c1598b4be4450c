"""What a good assembly is: validity, free energy, knots, and the exact optimum as the ruler."""
