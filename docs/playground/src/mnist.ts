import { type Examples, PIXELS } from '../../examples/mnist/examples.js'

/** The file with the page's images, next to the page. */
export const MNIST_FILE = 'mnist.bin'
export const TRAINING_IMAGES = 2000
export const TEST_IMAGES = 500

/** The content of the file: labels, then pixels, first of the training images and then of the test images. */
export interface Mnist {
  readonly training: Examples
  readonly test: Examples
}

export async function loadMnist(): Promise<Mnist> {
  const response = await fetch(new URL(MNIST_FILE, document.baseURI))
  if (!response.ok || response.body === null)
    throw new Error(`the images did not load: status ${response.status}`)
  const inflated = response.body.pipeThrough(new DecompressionStream('deflate'))
  const bytes = new Uint8Array(await new Response(inflated).arrayBuffer())
  const length = TRAINING_IMAGES * (1 + PIXELS)
  return {
    training: examplesIn(bytes.subarray(0, length), TRAINING_IMAGES),
    test: examplesIn(bytes.subarray(length), TEST_IMAGES),
  }
}

function examplesIn(bytes: Uint8Array, count: number): Examples {
  if (bytes.length !== count * (1 + PIXELS)) throw new Error('the image file is truncated')
  return { count, labels: bytes.subarray(0, count), images: bytes.subarray(count) }
}

/** Up to `wanted` pictures of one digit. */
export function picturesOf({ labels, images, count }: Examples, digit: number, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let index = 0; index < count && found.length < wanted; index++) {
    if (labels[index] === digit) found.push(images.slice(index * PIXELS, (index + 1) * PIXELS))
  }
  return found
}
