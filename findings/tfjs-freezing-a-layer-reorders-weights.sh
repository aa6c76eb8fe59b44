#!/bin/sh
# @tensorflow/tfjs-layers 4.22.0: `layer.trainable = false` changes the order of `model.getWeights()`.
#
# `getWeights` and `weights` give the trainable weights of the whole model first and the others after them. The numbers in
# a layer stay what they are when it is frozen, but its weights move to the end of the list. `setWeights` goes by position:
# between two models of one architecture, of which one has its first layer frozen, weights of equal shape change places,
# and nothing says so. A list of weights that one party has made means something else to another, although both have the
# same layers, names and shapes.
#
# Seen:
#   as made:         first=1 second=2
#   first is frozen: second=2 first=1
#   set in another:  first=2 second=1
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-layers@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 >/dev/null

cat >check.cjs <<'JS'
const tf = require('@tensorflow/tfjs-core')
const { layers, sequential } = require('@tensorflow/tfjs-layers')
require('@tensorflow/tfjs-backend-cpu')

const twoLayers = () =>
  sequential({
    layers: [
      layers.dense({ name: 'first', units: 1, useBias: false, inputShape: [1] }),
      layers.dense({ name: 'second', units: 1, useBias: false }),
    ],
  })

async function main() {
  await tf.setBackend('cpu')
  const model = twoLayers()
  model.setWeights([tf.tensor([[1]]), tf.tensor([[2]])])
  const listed = () =>
    model.weights.map((weight) => `${weight.originalName.split('/')[0]}=${weight.read().dataSync()[0]}`).join(' ')
  console.log(`as made:         ${listed()}`)
  model.layers[0].trainable = false
  console.log(`first is frozen: ${listed()}`)
  const other = twoLayers()
  other.setWeights(model.getWeights())
  const held = other.layers.map((layer) => `${layer.name}=${layer.getWeights()[0].dataSync()[0]}`).join(' ')
  console.log(`set in another:  ${held}`)
}
main()
JS

cat >expected <<'TEXT'
as made:         first=1 second=2
first is frozen: second=2 first=1
set in another:  first=2 second=1
TEXT
node check.cjs 2>/dev/null | grep -E '^(as made|first is frozen|set in another):' | tee seen
diff expected seen
