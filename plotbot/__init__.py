"""plotbot turns a neuron into ink."""
