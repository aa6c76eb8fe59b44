#!/bin/sh
# @tensorflow/tfjs-layers 4.22.0: a model that was saved cannot be loaded again.
#
# Two models, each with a layer called "dense", are parts of a third one. Building, training and saving the whole works.
# Layer names have to be unique within one model only, and `save` writes every weight under its `originalName`, which is
# made of the names of layer and weight and says nothing of the model around them. So four weights are saved under two
# names, and `loadLayersModel` refuses what `save` has written. Whoever makes a record of weights by `originalName` does
# not even hear of it: two of the four are gone.
#
# Seen:
#   originalName: dense/kernel dense/bias dense/kernel dense/bias
#   name:         dense/kernel dense/bias dense/kernel_1 dense/bias_1
#   saved:        dense/kernel dense/bias dense/kernel dense/bias
#   loaded:       Duplicate weight name: dense/kernel
#   in a record:  2 of 4
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-layers@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 >/dev/null

cat >check.cjs <<'JS'
const tf = require('@tensorflow/tfjs-core')
const layers = require('@tensorflow/tfjs-layers')
require('@tensorflow/tfjs-backend-cpu')

const part = () =>
  layers.sequential({ layers: [layers.layers.dense({ name: 'dense', units: 2, inputShape: [3] })] })

async function main() {
  await tf.setBackend('cpu')
  const input = layers.input({ shape: [3] })
  const sum = layers.layers.add().apply([part().apply(input), part().apply(input)])
  const model = layers.model({ inputs: input, outputs: sum })
  let saved
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  const line = (what, names) => console.log(`${what.padEnd(13)} ${names}`)
  line('originalName:', model.weights.map((weight) => weight.originalName).join(' '))
  line('name:', model.weights.map((weight) => weight.name).join(' '))
  line('saved:', saved.weightSpecs.map((spec) => spec.name).join(' '))
  const loaded = await layers.loadLayersModel(tf.io.fromMemory(saved)).then(
    () => 'well',
    (error) => error.message,
  )
  line('loaded:', loaded)
  const record = Object.fromEntries(model.weights.map((weight) => [weight.originalName, weight.read()]))
  line('in a record:', `${Object.keys(record).length} of ${model.weights.length}`)
}
main()
JS

cat >expected <<'TEXT'
originalName: dense/kernel dense/bias dense/kernel dense/bias
name:         dense/kernel dense/bias dense/kernel_1 dense/bias_1
saved:        dense/kernel dense/bias dense/kernel dense/bias
loaded:       Duplicate weight name: dense/kernel
in a record:  2 of 4
TEXT
node check.cjs 2>/dev/null | grep -E '^(originalName|name|saved|loaded|in a record):' | tee seen
diff expected seen
