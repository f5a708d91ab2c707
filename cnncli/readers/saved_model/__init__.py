"""TensorFlow's SavedModel and frozen graphs."""
