;; Rotates and rounds vectors of doubles, adds noise and wraps the sums. Each function gives the same bits as the plain
;; TypeScript in src/privacy: the same operations on doubles, in the same order. Doubles begin at address 0, unless said
;; otherwise.
(module
  (import "host" "memory" (memory 1))

  ;; The butterflies of a Hadamard transform of $bytes bytes, from the level whose halves have $bytes / 2 bytes down to the
  ;; level whose halves have $stride bytes. If $stride is 8, each result is multiplied by $factor at the end, and $bytes is at
  ;; least 32. Otherwise $stride is at least 16. Two levels are computed together, which halves the passes through memory.
  (func (export "transform") (param $bytes i32) (param $stride i32) (param $factor f64)
    (local $half i32) (local $quarter i32) (local $at i32) (local $end i32) (local $scale v128)
    (local $x0 v128) (local $x1 v128) (local $x2 v128) (local $x3 v128)
    (local $y0 v128) (local $y1 v128) (local $y2 v128) (local $y3 v128)
    (local.set $scale (f64x2.splat (local.get $factor)))
    (local.set $half (i32.shr_u (local.get $bytes) (i32.const 1)))
    (block $done
      (loop $level
        (br_if $done (i32.lt_u (local.get $half) (local.get $stride)))
        (br_if $done (i32.lt_u (local.get $half) (i32.const 32)))
        (local.set $at (i32.const 0))
        (local.set $quarter (i32.shr_u (local.get $half) (i32.const 1)))
        (if (i32.ge_u (local.get $quarter) (local.get $stride))
          (then
            (loop $group
              (local.set $end (i32.add (local.get $at) (local.get $quarter)))
              (loop $turn
                (local.set $x0 (v128.load (local.get $at)))
                (local.set $x1 (v128.load (i32.add (local.get $at) (local.get $quarter))))
                (local.set $x2 (v128.load (i32.add (local.get $at) (local.get $half))))
                (local.set $x3 (v128.load (i32.add (i32.add (local.get $at) (local.get $half)) (local.get $quarter))))
                (local.set $y0 (f64x2.add (local.get $x0) (local.get $x2)))
                (local.set $y1 (f64x2.add (local.get $x1) (local.get $x3)))
                (local.set $y2 (f64x2.sub (local.get $x0) (local.get $x2)))
                (local.set $y3 (f64x2.sub (local.get $x1) (local.get $x3)))
                (v128.store (local.get $at) (f64x2.add (local.get $y0) (local.get $y1)))
                (v128.store
                  (i32.add (local.get $at) (local.get $quarter))
                  (f64x2.sub (local.get $y0) (local.get $y1)))
                (v128.store (i32.add (local.get $at) (local.get $half)) (f64x2.add (local.get $y2) (local.get $y3)))
                (v128.store
                  (i32.add (i32.add (local.get $at) (local.get $half)) (local.get $quarter))
                  (f64x2.sub (local.get $y2) (local.get $y3)))
                (local.set $at (i32.add (local.get $at) (i32.const 16)))
                (br_if $turn (i32.lt_u (local.get $at) (local.get $end))))
              (local.set $at (i32.add (local.get $at) (i32.add (local.get $half) (local.get $quarter))))
              (br_if $group (i32.lt_u (local.get $at) (local.get $bytes))))
            (local.set $half (i32.shr_u (local.get $half) (i32.const 2)))
            (br $level)))
        (loop $group
          (local.set $end (i32.add (local.get $at) (local.get $half)))
          (loop $turn
            (local.set $x0 (v128.load (local.get $at)))
            (local.set $x1 (v128.load (i32.add (local.get $at) (local.get $half))))
            (v128.store (local.get $at) (f64x2.add (local.get $x0) (local.get $x1)))
            (v128.store (i32.add (local.get $at) (local.get $half)) (f64x2.sub (local.get $x0) (local.get $x1)))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br_if $turn (i32.lt_u (local.get $at) (local.get $end))))
          (local.set $at (i32.add (local.get $at) (local.get $half)))
          (br_if $group (i32.lt_u (local.get $at) (local.get $bytes))))
        (local.set $half (i32.shr_u (local.get $half) (i32.const 1)))
        (br $level)))
    ;; The last one or two levels, with halves of 16 and 8 bytes.
    (if (i32.ge_u (local.get $half) (local.get $stride))
      (then
        (local.set $at (i32.const 0))
        (loop $turn
          (local.set $x0 (v128.load (local.get $at)))
          (local.set $x1 (v128.load offset=16 (local.get $at)))
          (if (i32.eq (local.get $half) (i32.const 16))
            (then
              (local.set $y0 (f64x2.add (local.get $x0) (local.get $x1)))
              (local.set $x1 (f64x2.sub (local.get $x0) (local.get $x1)))
              (local.set $x0 (local.get $y0))))
          (if (i32.eq (local.get $stride) (i32.const 8))
            (then
              (local.set $y0 (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $x0) (local.get $x1)))
              (local.set $y1
                (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $x0) (local.get $x1)))
              (local.set $y2 (f64x2.mul (f64x2.add (local.get $y0) (local.get $y1)) (local.get $scale)))
              (local.set $y3 (f64x2.mul (f64x2.sub (local.get $y0) (local.get $y1)) (local.get $scale)))
              (local.set $x0 (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $y2) (local.get $y3)))
              (local.set $x1
                (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $y2) (local.get $y3)))))
          (v128.store (local.get $at) (local.get $x0))
          (v128.store offset=16 (local.get $at) (local.get $x1))
          (local.set $at (i32.add (local.get $at) (i32.const 32)))
          (br_if $turn (i32.lt_u (local.get $at) (local.get $bytes)))))))

  ;; Multiplies the doubles before $end by $factor, and flips the sign of those whose bit from $signs on is 1. Eight per turn.
  (func (export "flip") (param $end i32) (param $signs i32) (param $factor f64)
    (local $at i32) (local $bits v128) (local $scale v128)
    (local.set $scale (f64x2.splat (local.get $factor)))
    (loop $turn
      (local.set $bits (i64x2.splat (i64.load8_u (local.get $signs))))
      (v128.store offset=0 (local.get $at)
        (v128.xor
          (f64x2.mul (v128.load offset=0 (local.get $at)) (local.get $scale))
          (v128.and (i64x2.ne (v128.and (local.get $bits) (v128.const i64x2 1 2)) (v128.const i64x2 0 0)) (v128.const f64x2 -0 -0))))
      (v128.store offset=16 (local.get $at)
        (v128.xor
          (f64x2.mul (v128.load offset=16 (local.get $at)) (local.get $scale))
          (v128.and (i64x2.ne (v128.and (local.get $bits) (v128.const i64x2 4 8)) (v128.const i64x2 0 0)) (v128.const f64x2 -0 -0))))
      (v128.store offset=32 (local.get $at)
        (v128.xor
          (f64x2.mul (v128.load offset=32 (local.get $at)) (local.get $scale))
          (v128.and (i64x2.ne (v128.and (local.get $bits) (v128.const i64x2 16 32)) (v128.const i64x2 0 0)) (v128.const f64x2 -0 -0))))
      (v128.store offset=48 (local.get $at)
        (v128.xor
          (f64x2.mul (v128.load offset=48 (local.get $at)) (local.get $scale))
          (v128.and (i64x2.ne (v128.and (local.get $bits) (v128.const i64x2 64 128)) (v128.const i64x2 0 0)) (v128.const f64x2 -0 -0))))
      (local.set $signs (i32.add (local.get $signs) (i32.const 1)))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $turn (i32.lt_u (local.get $at) (local.get $end)))))

  ;; The sum of the squares of the doubles from $at to $end, at most 1024. Eight per turn, each added to its own sum.
  (func (export "squares") (param $at i32) (param $end i32) (result f64)
    (local $sum0 v128) (local $sum1 v128) (local $sum2 v128) (local $sum3 v128) (local $x v128)
    (loop $turn
      (local.set $x (v128.load offset=0 (local.get $at)))
      (local.set $sum0 (f64x2.add (local.get $sum0) (f64x2.mul (local.get $x) (local.get $x))))
      (local.set $x (v128.load offset=16 (local.get $at)))
      (local.set $sum1 (f64x2.add (local.get $sum1) (f64x2.mul (local.get $x) (local.get $x))))
      (local.set $x (v128.load offset=32 (local.get $at)))
      (local.set $sum2 (f64x2.add (local.get $sum2) (f64x2.mul (local.get $x) (local.get $x))))
      (local.set $x (v128.load offset=48 (local.get $at)))
      (local.set $sum3 (f64x2.add (local.get $sum3) (f64x2.mul (local.get $x) (local.get $x))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $turn (i32.lt_u (local.get $at) (local.get $end))))
    (call $total (local.get $sum0) (local.get $sum1) (local.get $sum2) (local.get $sum3)))

  (func $total (param $sum0 v128) (param $sum1 v128) (param $sum2 v128) (param $sum3 v128) (result f64)
    (local.set $sum0
      (f64x2.add
        (f64x2.add (local.get $sum0) (local.get $sum1))
        (f64x2.add (local.get $sum2) (local.get $sum3))))
    (f64.add (f64x2.extract_lane 0 (local.get $sum0)) (f64x2.extract_lane 1 (local.get $sum0))))

  ;; Rounds the doubles from $at to $end, at most 1024, up or down at random: a number is rounded up if its word from $words on
  ;; is less than its fractional part times 2^32. Sets its bit from $ups on to whether it is rounded up, and does not change
  ;; the number. The result is the sum of the squares of the rounded numbers, added as in `squares`.
  (func (export "round") (param $at i32) (param $end i32) (param $words i32) (param $ups i32) (result f64)
    (local $sum0 v128) (local $sum1 v128) (local $sum2 v128) (local $sum3 v128)
    (local $x v128) (local $below v128) (local $up v128) (local $bits i32)
    (loop $turn
      (local.set $bits (i32.const 0))
      (local.set $x (v128.load offset=0 (local.get $at)))
      (local.set $below (f64x2.floor (local.get $x)))
      (local.set $up
        (f64x2.lt
          (f64x2.convert_low_i32x4_u (v128.load64_zero offset=0 (local.get $words)))
          (f64x2.mul
            (f64x2.sub (local.get $x) (local.get $below))
            (v128.const f64x2 4294967296 4294967296))))
      (local.set $bits (i32.or (local.get $bits) (i32.shl (i64x2.bitmask (local.get $up)) (i32.const 0))))
      (local.set $x (f64x2.add (local.get $below) (v128.and (local.get $up) (v128.const f64x2 1 1))))
      (local.set $sum0 (f64x2.add (local.get $sum0) (f64x2.mul (local.get $x) (local.get $x))))
      (local.set $x (v128.load offset=16 (local.get $at)))
      (local.set $below (f64x2.floor (local.get $x)))
      (local.set $up
        (f64x2.lt
          (f64x2.convert_low_i32x4_u (v128.load64_zero offset=8 (local.get $words)))
          (f64x2.mul
            (f64x2.sub (local.get $x) (local.get $below))
            (v128.const f64x2 4294967296 4294967296))))
      (local.set $bits (i32.or (local.get $bits) (i32.shl (i64x2.bitmask (local.get $up)) (i32.const 2))))
      (local.set $x (f64x2.add (local.get $below) (v128.and (local.get $up) (v128.const f64x2 1 1))))
      (local.set $sum1 (f64x2.add (local.get $sum1) (f64x2.mul (local.get $x) (local.get $x))))
      (local.set $x (v128.load offset=32 (local.get $at)))
      (local.set $below (f64x2.floor (local.get $x)))
      (local.set $up
        (f64x2.lt
          (f64x2.convert_low_i32x4_u (v128.load64_zero offset=16 (local.get $words)))
          (f64x2.mul
            (f64x2.sub (local.get $x) (local.get $below))
            (v128.const f64x2 4294967296 4294967296))))
      (local.set $bits (i32.or (local.get $bits) (i32.shl (i64x2.bitmask (local.get $up)) (i32.const 4))))
      (local.set $x (f64x2.add (local.get $below) (v128.and (local.get $up) (v128.const f64x2 1 1))))
      (local.set $sum2 (f64x2.add (local.get $sum2) (f64x2.mul (local.get $x) (local.get $x))))
      (local.set $x (v128.load offset=48 (local.get $at)))
      (local.set $below (f64x2.floor (local.get $x)))
      (local.set $up
        (f64x2.lt
          (f64x2.convert_low_i32x4_u (v128.load64_zero offset=24 (local.get $words)))
          (f64x2.mul
            (f64x2.sub (local.get $x) (local.get $below))
            (v128.const f64x2 4294967296 4294967296))))
      (local.set $bits (i32.or (local.get $bits) (i32.shl (i64x2.bitmask (local.get $up)) (i32.const 6))))
      (local.set $x (f64x2.add (local.get $below) (v128.and (local.get $up) (v128.const f64x2 1 1))))
      (local.set $sum3 (f64x2.add (local.get $sum3) (f64x2.mul (local.get $x) (local.get $x))))
      (i32.store8 (local.get $ups) (local.get $bits))
      (local.set $ups (i32.add (local.get $ups) (i32.const 1)))
      (local.set $words (i32.add (local.get $words) (i32.const 32)))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $turn (i32.lt_u (local.get $at) (local.get $end))))
    (call $total (local.get $sum0) (local.get $sum1) (local.get $sum2) (local.get $sum3)))

  ;; Replaces the doubles before $end by the next whole number below, plus 1 if their bit from $ups on is 1.
  (func (export "settle") (param $end i32) (param $ups i32)
    (local $at i32) (local $bits v128)
    (loop $turn
      (local.set $bits (i64x2.splat (i64.load8_u (local.get $ups))))
      (v128.store offset=0 (local.get $at)
        (f64x2.add
          (f64x2.floor (v128.load offset=0 (local.get $at)))
          (v128.and (i64x2.ne (v128.and (local.get $bits) (v128.const i64x2 1 2)) (v128.const i64x2 0 0)) (v128.const f64x2 1 1))))
      (v128.store offset=16 (local.get $at)
        (f64x2.add
          (f64x2.floor (v128.load offset=16 (local.get $at)))
          (v128.and (i64x2.ne (v128.and (local.get $bits) (v128.const i64x2 4 8)) (v128.const i64x2 0 0)) (v128.const f64x2 1 1))))
      (v128.store offset=32 (local.get $at)
        (f64x2.add
          (f64x2.floor (v128.load offset=32 (local.get $at)))
          (v128.and (i64x2.ne (v128.and (local.get $bits) (v128.const i64x2 16 32)) (v128.const i64x2 0 0)) (v128.const f64x2 1 1))))
      (v128.store offset=48 (local.get $at)
        (f64x2.add
          (f64x2.floor (v128.load offset=48 (local.get $at)))
          (v128.and (i64x2.ne (v128.and (local.get $bits) (v128.const i64x2 64 128)) (v128.const i64x2 0 0)) (v128.const f64x2 1 1))))
      (local.set $ups (i32.add (local.get $ups) (i32.const 1)))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $turn (i32.lt_u (local.get $at) (local.get $end)))))

  ;; Adds the words of noise from $noise on to the whole numbers before $end, whose magnitudes are below 2^51, and stores the
  ;; bits of the sums that $mask has in lanes of $width bytes: 1, 2 or 4. Four per turn.
  (func (export "wrap") (param $end i32) (param $noise i32) (param $lanes i32) (param $width i32) (param $mask i32)
    (local $at i32) (local $masks v128) (local $x v128)
    (local.set $masks (i32x4.splat (local.get $mask)))
    (loop $turn
      ;; With this constant added, the low bits of a double are those of the whole number.
      (local.set $x
        (v128.and
          (i32x4.add
            (v128.load (local.get $noise))
            (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
              (f64x2.add (v128.load (local.get $at)) (v128.const f64x2 6755399441055744 6755399441055744))
              (f64x2.add (v128.load offset=16 (local.get $at)) (v128.const f64x2 6755399441055744 6755399441055744))))
          (local.get $masks)))
      (block $stored
        (if (i32.eq (local.get $width) (i32.const 4))
          (then
            (v128.store (local.get $lanes) (local.get $x))
            (br $stored)))
        (if (i32.eq (local.get $width) (i32.const 2))
          (then
            (v128.store64_lane 0 (local.get $lanes)
              (i8x16.shuffle 0 1 4 5 8 9 12 13 0 1 4 5 8 9 12 13 (local.get $x) (local.get $x)))
            (br $stored)))
        (v128.store32_lane 0 (local.get $lanes)
          (i8x16.shuffle 0 4 8 12 0 4 8 12 0 4 8 12 0 4 8 12 (local.get $x) (local.get $x))))
      (local.set $noise (i32.add (local.get $noise) (i32.const 16)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.shl (local.get $width) (i32.const 2))))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $turn (i32.lt_u (local.get $at) (local.get $end)))))

  ;; The inverse of `wrap` without noise: $parameters are the doubles minimum, modulus, the remainder of the minimum, and a
  ;; factor. Each result is the whole number from the minimum on that is congruent to its lane, times the factor.
  (func (export "unwrap") (param $end i32) (param $lanes i32) (param $width i32) (param $parameters i32)
    (local $at i32) (local $x v128) (local $a v128) (local $b v128)
    (local $minimum v128) (local $modulus v128) (local $first v128) (local $factor v128)
    (local.set $minimum (v128.load64_splat (local.get $parameters)))
    (local.set $modulus (v128.load64_splat offset=8 (local.get $parameters)))
    (local.set $first (v128.load64_splat offset=16 (local.get $parameters)))
    (local.set $factor (v128.load64_splat offset=24 (local.get $parameters)))
    (loop $turn
      (block $loaded
        (if (i32.eq (local.get $width) (i32.const 4))
          (then
            (local.set $x (v128.load (local.get $lanes)))
            (br $loaded)))
        (if (i32.eq (local.get $width) (i32.const 2))
          (then
            (local.set $x (v128.load16x4_u (local.get $lanes)))
            (br $loaded)))
        (local.set $x
          (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $lanes))))))
      (local.set $a (f64x2.sub (f64x2.convert_low_i32x4_u (local.get $x)) (local.get $first)))
      (local.set $b
        (f64x2.sub
          (f64x2.convert_low_i32x4_u
            (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $x) (local.get $x)))
          (local.get $first)))
      (v128.store (local.get $at)
        (f64x2.mul
          (f64x2.add
            (local.get $minimum)
            (f64x2.add
              (local.get $a)
              (v128.and (f64x2.lt (local.get $a) (v128.const f64x2 0 0)) (local.get $modulus))))
          (local.get $factor)))
      (v128.store offset=16 (local.get $at)
        (f64x2.mul
          (f64x2.add
            (local.get $minimum)
            (f64x2.add
              (local.get $b)
              (v128.and (f64x2.lt (local.get $b) (v128.const f64x2 0 0)) (local.get $modulus))))
          (local.get $factor)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.shl (local.get $width) (i32.const 2))))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $turn (i32.lt_u (local.get $at) (local.get $end)))))
)
