"""The model registry: MLflow, reached with bounded calls, native LightGBM text only."""
