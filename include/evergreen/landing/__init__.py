"""The upstream system of the default model: it delivers flights, and later their labels."""
