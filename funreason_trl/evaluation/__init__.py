"""What a model answers, and whether its calls are right; knows nothing of training."""
