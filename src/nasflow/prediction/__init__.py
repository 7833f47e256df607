"""Learning to predict: pre-training, fine-tuning, the predictor, the Gaussian process."""
