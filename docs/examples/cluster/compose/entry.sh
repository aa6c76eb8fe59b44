#!/bin/sh
# The programs of the image: "secagg …" is the command line, "example NAME …" is a program of the example.
set -eu
kind=$1
shift
case $kind in
  secagg) exec node dist/cli.js "$@" ;;
  example)
    name=$1
    shift
    exec node --import tsx "docs/examples/cluster/$name.ts" "$@"
    ;;
  *)
    echo "unknown program: $kind" >&2
    exit 2
    ;;
esac
