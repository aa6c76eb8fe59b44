#!/bin/sh
# @dsnp/parquetjs 1.8.8: in columns of unsigned integers that another program wrote, the larger numbers are negative.
#
# Parquet keeps a UINT_32 in four bytes and a UINT_64 in eight, as the signed integer with the same bits, and the schema says that
# they are unsigned. parquetjs knows both types, and names them in the schema that it gives for the file, but reads the
# numbers as signed. UINT_8 and UINT_16 are right, and so is the lower half of the others: a column of counts looks well, and of
# masked vectors about every second number is wrong. hyparquet and parquet-wasm read what was written. Signed numbers add up to
# the same modulo 2^32, but a check of the range, a sum without a modulus and a comparison with the other readers fail.
#
# Seen:
#   written:      u16 65535, u32 1 2147483648 4294967295, u64 1 9223372036854775808 18446744073709551615
#   hyparquet:    u16 65535, u32 1 2147483648 4294967295, u64 1 9223372036854775808 18446744073709551615
#   parquet-wasm: u16 65535, u32 1 2147483648 4294967295, u64 1 9223372036854775808 18446744073709551615
#   parquetjs:    u16 65535, u32 1 -2147483648 -1, u64 1 -9223372036854775808 -1
#   types that parquetjs gives: UINT_16 UINT_32 UINT_64
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
  @dsnp/parquetjs@1.8.8 hyparquet@1.33.0 parquet-wasm@0.8.0 apache-arrow@21.2.0 >/dev/null

cat >check.mjs <<'JS'
import { createRequire } from 'node:module'
import parquetjs from '@dsnp/parquetjs'
import { Table, makeVector, tableFromIPC, tableToIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'

const wasm = createRequire(import.meta.url)('parquet-wasm/node')
const written = {
  u16: Uint16Array.of(65535, 65535, 65535),
  u32: Uint32Array.of(1, 2 ** 31, 2 ** 32 - 1),
  u64: BigUint64Array.of(1n, 2n ** 63n, 2n ** 64n - 1n),
}
const vectors = Object.fromEntries(Object.entries(written).map(([name, numbers]) => [name, makeVector(numbers)]))
const properties = new wasm.WriterPropertiesBuilder().setCompression(wasm.Compression.UNCOMPRESSED).build()
const bytes = wasm.writeParquet(wasm.Table.fromIPCStream(tableToIPC(new Table(vectors), 'stream')), properties)

const line = (reader, rows) => {
  const column = (name) => rows.map((row) => row[name]).join(' ')
  console.log(`${`${reader}:`.padEnd(13)} u16 ${rows[0].u16}, u32 ${column('u32')}, u64 ${column('u64')}`)
}
line('written', [0, 1, 2].map((row) => ({ u16: written.u16[row], u32: written.u32[row], u64: written.u64[row] })))
line('hyparquet', await parquetReadObjects({ file: bytes.slice().buffer }))
line('parquet-wasm', tableFromIPC(wasm.readParquet(bytes).intoIPCStream()).toArray())
const reader = await parquetjs.ParquetReader.openBuffer(Buffer.from(bytes))
const cursor = reader.getCursor()
line('parquetjs', [await cursor.next(), await cursor.next(), await cursor.next()])
const { fields } = reader.getSchema()
console.log(`types that parquetjs gives: ${Object.values(fields).map((field) => field.originalType).join(' ')}`)
JS

cat >expected <<'TEXT'
written:      u16 65535, u32 1 2147483648 4294967295, u64 1 9223372036854775808 18446744073709551615
hyparquet:    u16 65535, u32 1 2147483648 4294967295, u64 1 9223372036854775808 18446744073709551615
parquet-wasm: u16 65535, u32 1 2147483648 4294967295, u64 1 9223372036854775808 18446744073709551615
parquetjs:    u16 65535, u32 1 -2147483648 -1, u64 1 -9223372036854775808 -1
types that parquetjs gives: UINT_16 UINT_32 UINT_64
TEXT
node check.mjs | tee seen
diff expected seen
