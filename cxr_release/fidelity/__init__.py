"""How near drawn films are to real ones, and the loss curves."""
