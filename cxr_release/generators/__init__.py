"""What draws synthetic films: generators, their checkpoints, sampling jobs, single films again.

`generator` says what every generator offers, `opening` which one a source's films come from.
`diffusion/` is the one that releases are made with, `checkpoints` reads and writes its networks;
`autoencoder/` is a second one to compare it with. Sampling and regeneration know neither. With an
autoencoder for its first stage the diffusion model learns and draws latents (`diffusion.spaces`).

The attacks by who holds a network's weights (`scorecard.network`) take a film's loss, and let a
copy go on learning, through `diffusion.network` and `diffusion.learner` themselves.
"""
