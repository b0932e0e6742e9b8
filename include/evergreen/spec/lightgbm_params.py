"""The LightGBM parameters that a spec may set: an allow-list, as LightGBM ignores misspelt ones.

Parameters that read or write files or open sockets (``input_model``, ``machines``) are not on it.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0, le=1)]


class BoosterParams(BaseModel):
    """LightGBM parameters, named and meant as in LightGBM's own documentation."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    num_leaves: Annotated[int, Field(ge=2, le=4096)] = 31
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    max_depth: Annotated[int, Field(ge=-1, le=64)] = -1
    min_data_in_leaf: Annotated[int, Field(ge=0)] = 20
    min_sum_hessian_in_leaf: Annotated[float, Field(ge=0)] = 1e-3
    feature_fraction: Share = 1.0
    bagging_fraction: Share = 1.0
    bagging_freq: Annotated[int, Field(ge=0)] = 0
    lambda_l1: Annotated[float, Field(ge=0)] = 0.0
    lambda_l2: Annotated[float, Field(ge=0)] = 0.0
    min_gain_to_split: Annotated[float, Field(ge=0)] = 0.0
    max_bin: Annotated[int, Field(ge=2, le=65535)] = 255
    cat_smooth: Annotated[float, Field(ge=0)] = 10.0
    cat_l2: Annotated[float, Field(ge=0)] = 10.0
    max_cat_threshold: Annotated[int, Field(ge=1)] = 32
    scale_pos_weight: Annotated[float, Field(gt=0)] = 1.0
    num_threads: Annotated[int, Field(ge=0, le=1024)] = 0

    def to_lightgbm(self) -> dict[str, Any]:
        """Return the parameters as LightGBM takes them."""
        return self.model_dump()
