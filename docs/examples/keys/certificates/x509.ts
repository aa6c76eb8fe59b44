import 'reflect-metadata'

// The library needs the polyfill above to load, and does not bring it.
export * from '@peculiar/x509'
