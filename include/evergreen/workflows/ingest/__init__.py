"""From a delivery to an accepted, labelled batch."""
