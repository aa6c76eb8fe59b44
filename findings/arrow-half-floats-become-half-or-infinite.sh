#!/bin/sh
# apache-arrow 21.2.0 (JavaScript): some numbers that are put into a column of type Float16 come out as quite different numbers.
#
# Most are rounded to the nearest half float, as expected. But the rounding has no carry into the exponent: what should become
# 1/2, 2, 8, 32 and so on, every second power of two, from below, becomes one half of that. Between 1 and 2 this is one number
# in 2048, enough to bias a mean of weights, and too little for a test with a handful of numbers. Below 2^-25 the shift that
# should give 0 has a count out of range: small gradients become NaN, minus infinity, or numbers half a million times as large.
# Whole numbers from 65536 to 2^21 become small ones instead of infinite. There is no error, and the column has these values for
# those who read it elsewhere too. Columns of half floats that others wrote are read well.
#
# Seen: what is put in, what comes out, and the nearest half float
#   0.1 0.0999755859375 0.0999755859375
#   0.9999 1 1
#   1.9999 1 2
#   0.4999 0.25 0.5
#   1e-10 0.00005316734313964844 0
#   -1e-10 -0.00005316734313964844 0
#   2e-9 NaN 0
#   1.64e-8 -Infinity 0
#   65504 65504 65504
#   65536 2 Infinity
#   100000 3.05078125 Infinity
#   of 65536 numbers between 1 and 2, 32 are halved
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts apache-arrow@21.2.0 @petamoriken/float16@3.9.3 >/dev/null

cat >check.mjs <<'JS'
import { f16round } from '@petamoriken/float16'
import { Float16, vectorFromArray } from 'apache-arrow'

const numbers = [0.1, 0.9999, 1.9999, 0.4999, 1e-10, -1e-10, 2e-9, 1.64e-8, 65504, 65536, 100000]
const column = vectorFromArray(numbers, new Float16())
numbers.forEach((number, row) => console.log(`${number} ${column.get(row)} ${f16round(number)}`))

const many = Array.from({ length: 2 ** 16 }, (_, index) => 1 + index / 2 ** 16)
const read = [...vectorFromArray(many, new Float16())]
const halved = many.filter((number, row) => read[row] === f16round(number) / 2)
console.log(`of ${many.length} numbers between 1 and 2, ${halved.length} are halved`)
JS

cat >expected <<'TEXT'
0.1 0.0999755859375 0.0999755859375
0.9999 1 1
1.9999 1 2
0.4999 0.25 0.5
1e-10 0.00005316734313964844 0
-1e-10 -0.00005316734313964844 0
2e-9 NaN 0
1.64e-8 -Infinity 0
65504 65504 65504
65536 2 Infinity
100000 3.05078125 Infinity
of 65536 numbers between 1 and 2, 32 are halved
TEXT
node check.mjs | tee seen
diff expected seen
