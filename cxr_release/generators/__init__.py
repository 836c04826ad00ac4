"""What draws synthetic films: checkpoints, sampling jobs, regeneration of single films."""
