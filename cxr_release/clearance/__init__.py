"""Text burned into real films: people look for it, a program may point at it, nobody guesses."""
