"""What draws synthetic films: checkpoints, sampling jobs, regeneration of single films.

`diffusion/` is a generator. A second one would have to offer the same: `training.train`
fills a folder with checkpoints, `denoising.Denoiser` draws films from seeds, and
`denoising.fixed_losses` says how well a checkpoint knows films. `checkpoints` writes and reads its
network; sampling and regeneration know it by those names alone.

The attacks by who holds a network's weights (`scorecard.network`) take a film's loss, and let a
copy go on learning, through `network` and `learner` themselves.
"""
