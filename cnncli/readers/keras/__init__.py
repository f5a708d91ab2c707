"""Files of Keras: .keras, .h5, TensorFlow.js, and models in memory."""
