;; Packs lanes and adds packed elements to lanes. A packed element has $bits bits, 1 to 63 and not all of its lane, low
;; bits first; the bytes after the last one may be read, and written by `pack`.
(module
  (import "host" "memory" (memory 1))

  ;; Adds packed elements to the lanes from $lanes to $end, which are of $width bytes, 1, 2 or 4, eight at a time:
  ;; eight elements take $bits bytes. For the first four, and for the second four, whose bytes begin at half of that, a
  ;; permutation of bytes puts into each word of 32 bits the bytes that an element has a part in, a multiplication
  ;; shifts the element to the top, which drops what is above it, and a shift $down drops what is below. At $table are
  ;; both permutations and both factors. Where an element has a part in five bytes, two calls add its lower and its
  ;; upper bits; the latter are shifted $up again.
  (func (export "add")
    (param $lanes i32) (param $end i32) (param $packed i32) (param $bits i32) (param $width i32)
    (param $table i32) (param $down i32) (param $up i32)
    (local $half i32) (local $first v128) (local $second v128)
    (local $bytes1 v128) (local $bytes2 v128) (local $factors1 v128) (local $factors2 v128)
    (local.set $bytes1 (v128.load (local.get $table)))
    (local.set $bytes2 (v128.load offset=16 (local.get $table)))
    (local.set $factors1 (v128.load offset=32 (local.get $table)))
    (local.set $factors2 (v128.load offset=48 (local.get $table)))
    (local.set $half (i32.shr_u (local.get $bits) (i32.const 1)))
    (loop $turn
      (local.set $first (i8x16.swizzle (v128.load (local.get $packed)) (local.get $bytes1)))
      (local.set $first
        (i32x4.shr_u (i32x4.mul (local.get $first) (local.get $factors1)) (local.get $down)))
      (local.set $first (i32x4.shl (local.get $first) (local.get $up)))
      (local.set $second
        (i8x16.swizzle (v128.load (i32.add (local.get $packed) (local.get $half))) (local.get $bytes2)))
      (local.set $second
        (i32x4.shr_u (i32x4.mul (local.get $second) (local.get $factors2)) (local.get $down)))
      (local.set $second (i32x4.shl (local.get $second) (local.get $up)))
      (if (i32.eq (local.get $width) (i32.const 4))
        (then
          (v128.store (local.get $lanes) (i32x4.add (v128.load (local.get $lanes)) (local.get $first)))
          (v128.store offset=16 (local.get $lanes)
            (i32x4.add (v128.load offset=16 (local.get $lanes)) (local.get $second)))
          (local.set $lanes (i32.add (local.get $lanes) (i32.const 32))))
        (else
          (local.set $first (i16x8.narrow_i32x4_u (local.get $first) (local.get $second)))
          (if (i32.eq (local.get $width) (i32.const 2))
            (then
              (v128.store (local.get $lanes) (i16x8.add (v128.load (local.get $lanes)) (local.get $first)))
              (local.set $lanes (i32.add (local.get $lanes) (i32.const 16))))
            (else
              (local.set $first (i8x16.narrow_i16x8_u (local.get $first) (local.get $first)))
              (v128.store64_lane 0 (local.get $lanes)
                (i8x16.add (v128.load64_zero (local.get $lanes)) (local.get $first)))
              (local.set $lanes (i32.add (local.get $lanes) (i32.const 8)))))))
      (local.set $packed (i32.add (local.get $packed) (local.get $bits)))
      (br_if $turn (i32.lt_u (local.get $lanes) (local.get $end)))))

  ;; The same for lanes of 8 bytes, one by one.
  (func (export "addWide") (param $lanes i32) (param $end i32) (param $packed i32) (param $bits i32)
    (local $position i32) (local $at i32) (local $shift i64) (local $mask i64) (local $value i64)
    (local.set $mask (i64.shr_u (i64.const -1) (i64.extend_i32_u (i32.sub (i32.const 64) (local.get $bits)))))
    (loop $turn
      (local.set $at (i32.add (local.get $packed) (i32.shr_u (local.get $position) (i32.const 3))))
      (local.set $shift (i64.extend_i32_u (i32.and (local.get $position) (i32.const 7))))
      ;; Eight bytes shifted down, and a ninth shifted up: in two steps, because a shift by 64 is none.
      (local.set $value
        (i64.and
          (local.get $mask)
          (i64.or
            (i64.shr_u (i64.load (local.get $at)) (local.get $shift))
            (i64.shl
              (i64.shl (i64.load8_u offset=8 (local.get $at)) (i64.const 1))
              (i64.sub (i64.const 63) (local.get $shift))))))
      (i64.store (local.get $lanes) (i64.add (i64.load (local.get $lanes)) (local.get $value)))
      (local.set $position (i32.add (local.get $position) (local.get $bits)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.const 8)))
      (br_if $turn (i32.lt_u (local.get $lanes) (local.get $end)))))

  ;; Packs the low bits of the lanes from $lanes to $end, of $width bytes, 1, 2 or 4. Takes $bits bits of the first,
  ;; $others of the second, and so on in turn: a lane of 8 bytes is two of 4, of which the first gives all its bits.
  (func (export "pack")
    (param $lanes i32) (param $end i32) (param $packed i32) (param $bits i32) (param $others i32)
    (param $width i32)
    (local $filled i32) (local $whole i32) (local $rest i64)
    (loop $turn
      (local.set $rest
        (i64.or
          (local.get $rest)
          (i64.shl
            (i64.and
              (i64.load32_u (local.get $lanes))
              (i64.sub (i64.shl (i64.const 1) (i64.extend_i32_u (local.get $bits))) (i64.const 1)))
            (i64.extend_i32_u (local.get $filled)))))
      (i64.store (local.get $packed) (local.get $rest))
      (local.set $filled (i32.add (local.get $filled) (local.get $bits)))
      (local.set $whole (i32.shr_u (local.get $filled) (i32.const 3)))
      (local.set $packed (i32.add (local.get $packed) (local.get $whole)))
      (local.set $rest
        (i64.shr_u (local.get $rest) (i64.extend_i32_u (i32.shl (local.get $whole) (i32.const 3)))))
      (local.set $filled (i32.and (local.get $filled) (i32.const 7)))
      (local.set $whole (local.get $bits))
      (local.set $bits (local.get $others))
      (local.set $others (local.get $whole))
      (local.set $lanes (i32.add (local.get $lanes) (local.get $width)))
      (br_if $turn (i32.lt_u (local.get $lanes) (local.get $end)))))
)
