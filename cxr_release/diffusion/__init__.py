"""The denoising diffusion model: network, training, checkpoints, sampling."""
