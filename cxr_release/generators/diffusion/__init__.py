"""The denoising diffusion model: network, objective, training, samplers."""
