# PG Ladder with the tasks beyond classic control; results lie in the volume /results.
#
#   docker build -t pg-ladder .
#   docker run --rm -v "$PWD/results:/results" pg-ladder run smoke
#
# TORCH_INDEX_URL is the index of a CPU build of PyTorch; without it pip brings the CUDA libraries.
FROM python:3.12-slim
ARG TORCH_INDEX_URL=""
WORKDIR /pg-ladder
COPY pyproject.toml constraints.txt README.md ./
RUN if [ -n "$TORCH_INDEX_URL" ]; then pip install --no-cache-dir -c constraints.txt --index-url "$TORCH_INDEX_URL" torch; fi
COPY envs envs
COPY algorithms algorithms
COPY benchmarks benchmarks
RUN pip install --no-cache-dir -c constraints.txt ".[box2d-mujoco]"
WORKDIR /
ENTRYPOINT ["pg-ladder"]
CMD ["--help"]
