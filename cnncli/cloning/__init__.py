"""From a model file to a Keras model with the file's weights, and the proof that the two compute the same."""
