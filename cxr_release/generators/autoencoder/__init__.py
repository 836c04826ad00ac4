"""The variational autoencoder, a second generator: network, training, checkpoints, drawing."""
