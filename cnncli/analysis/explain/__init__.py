"""What a network, or a layer of it, is and does, as facts from which it is explained."""
