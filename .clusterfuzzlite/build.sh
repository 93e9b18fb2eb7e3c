#!/bin/bash -eu
# The same build as at OSS-Fuzz.
exec bash -eu "$SRC/mqttspec/fuzz/oss-fuzz/build.sh"
