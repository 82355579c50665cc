#!/usr/bin/env bash
# test on several GPUs of one or more machines: tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]
# For several machines, set NNODES, MASTER_ADDR and PORT to the same values and NODE_RANK to its own value on each.
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: $0 CONFIG CHECKPOINT GPUS [options of tools/test.py]" >&2; exit 2; }
CONFIG=$1
CHECKPOINT=$2
GPUS=$3
exec torchrun --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" --nproc_per_node="$GPUS" "$(dirname "$0")/test.py" "$CONFIG" "$CHECKPOINT" --launcher pytorch "${@:4}"
