#!/bin/sh
# @tensorflow/tfjs-core 4.22.0: on one backend, the array that `data()` returns is the tensor itself. On another one, it is a copy.
#
# `tensor.data()` and `tensor.dataSync()` return a typed array. If a program changes this array in place, for example adds
# noise to it or clips it before it is sent, then with the CPU backend the tensor changes, and with it its clones and the
# model that the variable belongs to. With the WebAssembly backend nothing changes. The same holds for the array that
# `tf.tensor` was given, if the program uses it again. So a program that was tested with one backend trains another model
# with the next one, without an error.
#
# Seen:
#   cpu:  data() changed, tensor: 100,2
#   cpu:  data() changed, its clone: 100,2
#   cpu:  data() changed, variable times 2: 200,4
#   cpu:  given array changed, tensor: 100,2
#   wasm: data() changed, tensor: 1,2
#   wasm: data() changed, its clone: 1,2
#   wasm: data() changed, variable times 2: 2,4
#   wasm: given array changed, tensor: 1,2
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 >/dev/null

cat >check.cjs <<'JS'
const tf = require('@tensorflow/tfjs-core')
require('@tensorflow/tfjs-backend-cpu')
require('@tensorflow/tfjs-backend-wasm')

async function main() {
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend)
    const line = (what, tensor) => console.log(`${`${backend}:`.padEnd(5)} ${what}: ${tensor.dataSync().join()}`)
    const tensor = tf.tensor([1, 2])
    const clone = tf.clone(tensor)
    const read = await tensor.data()
    read[0] = 100
    line('data() changed, tensor', tensor)
    line('data() changed, its clone', clone)
    const variable = tf.variable(tf.tensor([1, 2]))
    const weights = await variable.data()
    weights[0] = 100
    line('data() changed, variable times 2', tf.mul(variable, 2))
    const given = Float32Array.of(1, 2)
    const made = tf.tensor(given)
    given[0] = 100
    line('given array changed, tensor', made)
  }
}
main()
JS

cat >expected <<'TEXT'
cpu:  data() changed, tensor: 100,2
cpu:  data() changed, its clone: 100,2
cpu:  data() changed, variable times 2: 200,4
cpu:  given array changed, tensor: 100,2
wasm: data() changed, tensor: 1,2
wasm: data() changed, its clone: 1,2
wasm: data() changed, variable times 2: 2,4
wasm: given array changed, tensor: 1,2
TEXT
node check.cjs 2>/dev/null | grep -E '^(cpu|wasm):' | tee seen
diff expected seen
