"""How much memory a scoring process may take, from what it is given to read."""

import os

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.training.jobs import ScoreJob

# Address space, not memory in use: the interpreter with Arrow, NumPy and LightGBM maps about 2 GiB,
# and each core's threads reserve stacks and arenas.
BASE_BYTES = 4 << 30
BYTES_PER_CORE = 256 << 20
# Trees in memory, beside their text that is held as bytes and as str.
MODEL_COPIES = 40
# Table, frame, matrix, categories and Arrow's buffers; a text takes more than its 8 bytes of index.
BYTES_PER_CELL = 200


def scoring_memory_bytes(job: ScoreJob) -> int:
    """Return a limit of the address space that honest work stays far under.

    A file that cannot be read counts nothing here; the job itself then says what is wrong with it.
    """
    model = job.model_file.stat().st_size if job.model_file.is_file() else 0
    n_cells = 0
    for file in job.files:
        try:
            meta = pq.read_metadata(file)
        except (OSError, pa.ArrowException):
            continue
        n_cells += meta.num_rows * max(meta.num_columns, len(job.features))
    threads = (os.cpu_count() or 1) * BYTES_PER_CORE
    return BASE_BYTES + threads + MODEL_COPIES * model + BYTES_PER_CELL * n_cells
