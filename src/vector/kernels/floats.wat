;; Encodes real numbers as lanes, and decodes sums of such lanes. Each function gives the same bits as the plain TypeScript of
;; encode-range.ts and real-values.ts: the same operations on doubles, in the same order. All process four numbers per
;; turn, so up to three numbers after the last one are processed too; the caller sets them to zero.
(module
  (import "host" "memory" (memory 1))

  ;; Counts a magnitude if it is above the clip. $state has 24 bytes: the number of such magnitudes, the largest of all
  ;; magnitudes, and by how much they are above the clip in total.
  (func $count (param $magnitude f64) (param $clip f64) (param $state i32)
    (if (f64.gt (local.get $magnitude) (local.get $clip))
      (then
        (f64.store (local.get $state) (f64.add (f64.load (local.get $state)) (f64.const 1)))
        (f64.store offset=16 (local.get $state)
          (f64.add
            (f64.load offset=16 (local.get $state))
            (f64.sub (local.get $magnitude) (local.get $clip)))))))

  ;; Encodes the doubles from $values to $end: clips, scales, rounds, shifts and weighs them, and stores them in lanes of
  ;; $width bytes. $words are random words for stochastic rounding; 0 means rounding to the nearest number, half up.
  ;; $parameters are the doubles clip, maximum level, weight, and the limit above which a magnitude is refused, then the state
  ;; of $count. The result is 0, or 1 if a
  ;; magnitude is refused or is not a number.
  (func (export "encode")
    (param $values i32) (param $end i32) (param $words i32) (param $lanes i32) (param $width i32) (param $parameters i32)
    (result i32)
    (local $clip v128) (local $lowest v128) (local $level v128) (local $weight v128) (local $limit v128)
    (local $largest v128) (local $a v128) (local $b v128) (local $magnitudeA v128) (local $magnitudeB v128)
    (local $thresholdA v128) (local $thresholdB v128) (local $below v128) (local $whole v128) (local $state i32)
    (local.set $clip (v128.load64_splat (local.get $parameters)))
    (local.set $lowest (f64x2.neg (local.get $clip)))
    (local.set $level (v128.load64_splat offset=8 (local.get $parameters)))
    (local.set $weight (v128.load64_splat offset=16 (local.get $parameters)))
    (local.set $limit (v128.load64_splat offset=24 (local.get $parameters)))
    (local.set $state (i32.add (local.get $parameters) (i32.const 32)))
    (local.set $largest (v128.load64_splat offset=8 (local.get $state)))
    ;; The largest double below 2^31, which is half of 2^32.
    (local.set $thresholdA (v128.const f64x2 0x1.fffffffffffffp+30 0x1.fffffffffffffp+30))
    (local.set $thresholdB (local.get $thresholdA))
    (loop $turn
      (local.set $a (v128.load (local.get $values)))
      (local.set $b (v128.load offset=16 (local.get $values)))
      (local.set $magnitudeA (f64x2.abs (local.get $a)))
      (local.set $magnitudeB (f64x2.abs (local.get $b)))
      (if
        (i32.eqz
          (i64x2.all_true
            (v128.and
              (f64x2.le (local.get $magnitudeA) (local.get $clip))
              (f64x2.le (local.get $magnitudeB) (local.get $clip)))))
        (then
          (if
            (i32.eqz
              (i64x2.all_true
                (v128.and
                  (f64x2.le (local.get $magnitudeA) (local.get $limit))
                  (f64x2.le (local.get $magnitudeB) (local.get $limit)))))
            (then (return (i32.const 1))))
          (call $count
            (f64x2.extract_lane 0 (local.get $magnitudeA)) (f64x2.extract_lane 0 (local.get $clip)) (local.get $state))
          (call $count
            (f64x2.extract_lane 1 (local.get $magnitudeA)) (f64x2.extract_lane 0 (local.get $clip)) (local.get $state))
          (call $count
            (f64x2.extract_lane 0 (local.get $magnitudeB)) (f64x2.extract_lane 0 (local.get $clip)) (local.get $state))
          (call $count
            (f64x2.extract_lane 1 (local.get $magnitudeB)) (f64x2.extract_lane 0 (local.get $clip)) (local.get $state))
          (local.set $a
            (f64x2.pmax (f64x2.pmin (local.get $a) (local.get $clip)) (local.get $lowest)))
          (local.set $b
            (f64x2.pmax (f64x2.pmin (local.get $b) (local.get $clip)) (local.get $lowest)))))
      (local.set $largest
        (f64x2.pmax (f64x2.pmax (local.get $largest) (local.get $magnitudeA)) (local.get $magnitudeB)))
      (if (local.get $words)
        (then
          (local.set $whole (v128.load (local.get $words)))
          (local.set $words (i32.add (local.get $words) (i32.const 16)))
          (local.set $thresholdA
            (f64x2.add (f64x2.convert_low_i32x4_u (local.get $whole)) (v128.const f64x2 0.5 0.5)))
          (local.set $thresholdB
            (f64x2.add
              (f64x2.convert_low_i32x4_u
                (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $whole) (local.get $whole)))
              (v128.const f64x2 0.5 0.5)))))
      ;; A number is rounded up if the threshold is less than its fractional part times 2^32.
      (local.set $a (f64x2.mul (f64x2.div (local.get $a) (local.get $clip)) (local.get $level)))
      (local.set $below (f64x2.floor (local.get $a)))
      (local.set $a
        (f64x2.mul
          (f64x2.add
            (f64x2.add
              (local.get $below)
              (v128.and
                (f64x2.lt
                  (local.get $thresholdA)
                  (f64x2.mul
                    (f64x2.sub (local.get $a) (local.get $below))
                    (v128.const f64x2 4294967296 4294967296)))
                (v128.const f64x2 1 1)))
            (local.get $level))
          (local.get $weight)))
      (local.set $b (f64x2.mul (f64x2.div (local.get $b) (local.get $clip)) (local.get $level)))
      (local.set $below (f64x2.floor (local.get $b)))
      (local.set $b
        (f64x2.mul
          (f64x2.add
            (f64x2.add
              (local.get $below)
              (v128.and
                (f64x2.lt
                  (local.get $thresholdB)
                  (f64x2.mul
                    (f64x2.sub (local.get $b) (local.get $below))
                    (v128.const f64x2 4294967296 4294967296)))
                (v128.const f64x2 1 1)))
            (local.get $level))
          (local.get $weight)))
      (block $stored
        (if (i32.eq (local.get $width) (i32.const 8))
          (then
            (i64.store (local.get $lanes) (i64.trunc_sat_f64_s (f64x2.extract_lane 0 (local.get $a))))
            (i64.store offset=8 (local.get $lanes) (i64.trunc_sat_f64_s (f64x2.extract_lane 1 (local.get $a))))
            (i64.store offset=16 (local.get $lanes) (i64.trunc_sat_f64_s (f64x2.extract_lane 0 (local.get $b))))
            (i64.store offset=24 (local.get $lanes) (i64.trunc_sat_f64_s (f64x2.extract_lane 1 (local.get $b))))
            (br $stored)))
        (local.set $whole
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            (i32x4.trunc_sat_f64x2_u_zero (local.get $a))
            (i32x4.trunc_sat_f64x2_u_zero (local.get $b))))
        (if (i32.eq (local.get $width) (i32.const 4))
          (then
            (v128.store (local.get $lanes) (local.get $whole))
            (br $stored)))
        (if (i32.eq (local.get $width) (i32.const 2))
          (then
            (v128.store64_lane 0 (local.get $lanes)
              (i8x16.shuffle 0 1 4 5 8 9 12 13 0 1 4 5 8 9 12 13 (local.get $whole) (local.get $whole)))
            (br $stored)))
        (v128.store32_lane 0 (local.get $lanes)
          (i8x16.shuffle 0 4 8 12 0 4 8 12 0 4 8 12 0 4 8 12 (local.get $whole) (local.get $whole))))
      (local.set $values (i32.add (local.get $values) (i32.const 32)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.shl (local.get $width) (i32.const 2))))
      (br_if $turn (i32.lt_u (local.get $values) (local.get $end))))
    (f64.store offset=8 (local.get $state)
      (f64.max
        (f64x2.extract_lane 0 (local.get $largest))
        (f64x2.extract_lane 1 (local.get $largest))))
    (i32.const 0))

  ;; Decodes lanes of $width bytes to the doubles from $values to $end. $parameters are the doubles: low and high word of the
  ;; shift, total weight, maximum level, clip, and low and high word of the largest possible sum. The result is whether a sum
  ;; is above the largest possible one.
  (func (export "decode") (param $values i32) (param $end i32) (param $lanes i32) (param $width i32) (param $parameters i32)
    (result i32)
    (local $a v128) (local $b v128) (local $above v128)
    (local $lowA v128) (local $lowB v128) (local $highA v128) (local $highB v128)
    (local $mostLow v128) (local $mostHigh v128)
    (local $shiftLow v128) (local $shiftHigh v128) (local $total v128) (local $level v128) (local $clip v128)
    (local.set $shiftLow (v128.load64_splat (local.get $parameters)))
    (local.set $shiftHigh (v128.load64_splat offset=8 (local.get $parameters)))
    (local.set $total (v128.load64_splat offset=16 (local.get $parameters)))
    (local.set $level (v128.load64_splat offset=24 (local.get $parameters)))
    (local.set $clip (v128.load64_splat offset=32 (local.get $parameters)))
    (local.set $mostLow (v128.load64_splat offset=40 (local.get $parameters)))
    (local.set $mostHigh (v128.load64_splat offset=48 (local.get $parameters)))
    (loop $turn
      (block $loaded
        (if (i32.eq (local.get $width) (i32.const 8))
          (then
            (local.set $a (v128.load (local.get $lanes)))
            (local.set $b (v128.load offset=16 (local.get $lanes)))
            (local.set $highA
              (f64x2.convert_low_i32x4_u
                (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $a) (local.get $a))))
            (local.set $highB
              (f64x2.convert_low_i32x4_u
                (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $b) (local.get $b))))
            (local.set $a
              (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $a) (local.get $b)))
            (br $loaded)))
        (if (i32.eq (local.get $width) (i32.const 4))
          (then
            (local.set $a (v128.load (local.get $lanes)))
            (br $loaded)))
        (if (i32.eq (local.get $width) (i32.const 2))
          (then
            (local.set $a (v128.load16x4_u (local.get $lanes)))
            (br $loaded)))
        (local.set $a
          (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $lanes))))))
      (local.set $lowA (f64x2.convert_low_i32x4_u (local.get $a)))
      (local.set $lowB
        (f64x2.convert_low_i32x4_u
          (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $a) (local.get $a))))
      (local.set $above
        (v128.or
          (v128.or
            (local.get $above)
            (v128.or
              (f64x2.gt (local.get $highA) (local.get $mostHigh))
              (f64x2.gt (local.get $highB) (local.get $mostHigh))))
          (v128.or
            (v128.and
              (f64x2.eq (local.get $highA) (local.get $mostHigh))
              (f64x2.gt (local.get $lowA) (local.get $mostLow)))
            (v128.and
              (f64x2.eq (local.get $highB) (local.get $mostHigh))
              (f64x2.gt (local.get $lowB) (local.get $mostLow))))))
      (v128.store (local.get $values)
        (f64x2.mul
          (f64x2.div
            (f64x2.div
              (f64x2.add
                (f64x2.mul
                  (f64x2.sub (local.get $highA) (local.get $shiftHigh))
                  (v128.const f64x2 4294967296 4294967296))
                (f64x2.sub (local.get $lowA) (local.get $shiftLow)))
              (local.get $total))
            (local.get $level))
          (local.get $clip)))
      (v128.store offset=16 (local.get $values)
        (f64x2.mul
          (f64x2.div
            (f64x2.div
              (f64x2.add
                (f64x2.mul
                  (f64x2.sub (local.get $highB) (local.get $shiftHigh))
                  (v128.const f64x2 4294967296 4294967296))
                (f64x2.sub (local.get $lowB) (local.get $shiftLow)))
              (local.get $total))
            (local.get $level))
          (local.get $clip)))
      (local.set $values (i32.add (local.get $values) (i32.const 32)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.shl (local.get $width) (i32.const 2))))
      (br_if $turn (i32.lt_u (local.get $values) (local.get $end))))
    (v128.any_true (local.get $above)))
)
