import { sumInTheClear } from '../../docs/examples/mnist/clear.js'
import { loadMnist } from '../../docs/examples/mnist/data.js'
import { type Examples, PIXELS } from '../../docs/examples/mnist/examples.js'
import { planExactly } from '../../docs/examples/mnist/plan.js'
import { largestPart, type Setup, train } from '../../docs/examples/mnist/training.js'
import { TEST_IMAGES, TRAINING_IMAGES } from '../../docs/playground/src/mnist.js'

/** The page's training with everything known to everybody: the same accuracies, to the last image. */
export async function trainedInTheClear(
  rounds: number,
): Promise<readonly { readonly accuracy: number; readonly survivors: string }[]> {
  const first = (count: number, { labels, images }: Examples): Examples => ({
    count,
    labels: labels.subarray(0, count),
    images: images.subarray(0, count * PIXELS),
  })
  const mnist = loadMnist()
  const setup: Setup = {
    clients: 10,
    rounds,
    seed: 1,
    training: first(TRAINING_IMAGES, mnist.training),
    test: first(TEST_IMAGES, mnist.test),
    local: { epochs: 1, batch: 8, learningRate: 0.2 },
  }
  const trained = []
  for await (const { accuracy, result } of train(setup, sumInTheClear(planExactly(10, largestPart(setup))))) {
    trained.push({ accuracy, survivors: result.survivors.join(' ') })
  }
  return trained
}
