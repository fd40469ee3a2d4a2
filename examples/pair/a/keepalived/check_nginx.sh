#!/bin/sh
# Fails when no nginx runs on this node. Without procps there is no ps; /proc says the same.
if command -v ps >/dev/null; then
    count=$(ps -C nginx --no-heading | wc -l)
else
    count=$(grep -lx nginx /proc/[0-9]*/comm 2>/dev/null | wc -l)
fi
if [ "$count" -eq 0 ]; then
    exit 1
fi
