# One image for every Airflow service and for MLflow. Airflow's own image is the default base:
#
#   docker build -t evergreen .
#
# Astro Runtime instead (its pip works as root, Airflow's refuses root):
#
#   docker build -t evergreen --build-arg INSTALL_USER=0 \
#     --build-arg BASE_IMAGE=astrocrpublic.azurecr.io/runtime:3.3-8-python-3.12-base .
#
# The lock decides the versions of all packages, Airflow included; the base gives the system, the Python
# (3.11 to 3.14) and the entry point.
ARG BASE_IMAGE=apache/airflow:slim-3.3.2-python3.12
# The tag stands in the argument, where hadolint does not look.
# hadolint ignore=DL3006
FROM ${BASE_IMAGE}

ARG INSTALL_USER=50000

# What packages.txt names, and the pointer by which OpenCL finds NVIDIA's driver (mounted by the container
# toolkit); without it LightGBM's device "gpu" reports that there is no OpenCL device.
USER 0
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
COPY packages.txt /tmp/packages.txt
# Versions follow the base image's distribution.
# hadolint ignore=DL3008
RUN apt-get update \
    && xargs apt-get install --yes --no-install-recommends < /tmp/packages.txt \
    && rm -rf /var/lib/apt/lists/* /tmp/packages.txt \
    && mkdir -p /etc/OpenCL/vendors \
    && echo libnvidia-opencl.so.1 > /etc/OpenCL/vendors/nvidia.icd

# Before the project, so that a change of code does not install the lock again. --no-deps: the lock is whole,
# and pip takes "celery[redis]" for a requirement without a hash.
USER ${INSTALL_USER}
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --no-deps --require-hashes --compile -r /tmp/requirements.txt

# AIRFLOW_HOME comes from the base: /opt/airflow, or /usr/local/airflow on Astro. Both run as uid 50000.
WORKDIR ${AIRFLOW_HOME}
COPY --chown=50000:0 LICENSE README.md pyproject.toml ./
COPY --chown=50000:0 dags ./dags
COPY --chown=50000:0 plugins ./plugins
COPY --chown=50000:0 include ./include
ENV EVERGREEN_PROJECT=${AIRFLOW_HOME}

# What runs in a container differs, so the check of its health does too: docker-compose.yaml has one for
# each service.
HEALTHCHECK NONE

# setuptools is in the lock: no isolated build, no download.
RUN python -m compileall -q dags plugins include \
    && pip install --no-cache-dir --no-deps --no-build-isolation -e .

USER 50000
