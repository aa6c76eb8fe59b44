// What the program finds in an engine of React Native, besides what the engine has itself. `randomness` is a string in
// hexadecimal, from the generator of the host, as react-native-get-random-values has it from the phone.
{
  let at = 0
  globalThis.crypto = {
    getRandomValues: (view) => {
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
      for (let index = 0; index < bytes.length; index++, at += 2) {
        if (at >= randomness.length) throw new Error('there are no random bytes left')
        bytes[index] = Number.parseInt(randomness.slice(at, at + 2), 16)
      }
      return view
    },
  }

  // Only for the test: @noble/curves needs it to load if the whole of its file is bundled. The library does not.
  globalThis.TextEncoder = function TextEncoder() {
    this.encode = (text) => Uint8Array.from(unescape(encodeURIComponent(text)), (c) => c.charCodeAt(0))
  }

  // Hermes 0.12 has neither of these.
  for (const { prototype } of [Array, Object.getPrototypeOf(Uint8Array)]) {
    Object.defineProperty(prototype, 'at', {
      value: function at(index) {
        return this[index < 0 ? index + this.length : index]
      },
    })
  }
  Promise.allSettled = (promises) =>
    Promise.all(
      Array.from(promises, (promise) =>
        Promise.resolve(promise).then(
          (value) => ({ status: 'fulfilled', value }),
          (reason) => ({ status: 'rejected', reason }),
        ),
      ),
    )
}
