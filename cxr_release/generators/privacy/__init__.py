"""Differentially private training (DP-SGD; Abadi et al., 2016): who is protected, chance, account.

Each patient is drawn for a step with the same small probability, what one patient adds to the step
is cut to a length, and Gaussian noise hides whether it was added. `docs/privacy.md` says what that
is worth and what it costs.
"""
