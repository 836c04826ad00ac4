"""Are synthetic films good for anything: what a model learns of them, tested on real patients."""
