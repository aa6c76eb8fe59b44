import { deflateSync } from 'node:zlib'
import type { Plugin } from 'vite'
import { loadMnist } from '../examples/mnist/data.js'
import { type Examples, PIXELS } from '../examples/mnist/examples.js'
import { MNIST_FILE, TEST_IMAGES, TRAINING_IMAGES } from './src/mnist.js'

/** Provides the images of the page: the first ones of MNIST, read from the package when the page is built or served. */
export function mnistFile(): Plugin {
  return {
    name: 'mnist-file',
    configureServer({ middlewares }) {
      const file = compressed()
      middlewares.use(`/${MNIST_FILE}`, (_request, response) => {
        response.setHeader('content-type', 'application/octet-stream')
        response.end(file)
      })
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: MNIST_FILE, source: compressed() })
    },
  }
}

function compressed(): Uint8Array {
  const { training, test } = loadMnist()
  return deflateSync(Buffer.concat([...first(TRAINING_IMAGES, training), ...first(TEST_IMAGES, test)]), {
    level: 9,
  })
}

function first(count: number, { labels, images }: Examples): readonly Uint8Array[] {
  return [labels.subarray(0, count), images.subarray(0, count * PIXELS)]
}
