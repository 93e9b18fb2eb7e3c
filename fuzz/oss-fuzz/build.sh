#!/bin/bash -eu
# OSS-Fuzz, ClusterFuzzLite and scripts/fuzz-oss run this: every fuzz target into $OUT, with its seeds and past findings
# as a zip, its dictionary and its options. Takes the engine's variables alone; built in $WORK, no source is touched.
source=$SRC/mqttspec
build=$WORK/mqttspec
generator="Unix Makefiles"
if command -v ninja >/dev/null; then generator=Ninja; fi

# -w: their clang is newer than ours and may warn of more; warnings are the business of our own build.
cmake -S "$source" -B "$build" -G "$generator" -DCMAKE_BUILD_TYPE= \
    -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="$CXXFLAGS -w" \
    -DMQTTSPEC_PROGRAM=OFF -DMQTTSPEC_TESTS=OFF -DMQTTSPEC_BENCH=OFF \
    -DMQTTSPEC_FUZZ_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$build" --target fuzzers --parallel "$(nproc)"

for path in "$source"/fuzz/fuzz_*.cpp; do
    program=$(basename "$path" .cpp)
    name=${program#fuzz_}
    cp "$build/$program" "$OUT/"
    cp "$source/corpus/dictionaries/$name.dict" "$OUT/$program.dict"
    cp "$source/fuzz/options/$name.options" "$OUT/$program.options"
    inputs=("seeds/$name")
    if [ -d "$source/corpus/regressions/$name" ]; then inputs+=("regressions/$name"); fi
    rm -f "$OUT/${program}_seed_corpus.zip"  # zip would add to it
    (cd "$source/corpus" && zip -q -r -X "$OUT/${program}_seed_corpus.zip" "${inputs[@]}")
done
