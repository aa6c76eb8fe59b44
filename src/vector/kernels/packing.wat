;; Packs lanes, adds packed elements to lanes, and fingerprints bytes. Packed elements have $bits bits, low bits first.
;; The functions that add go through the lanes from $lanes to $end. Because they process several lanes per turn, up to 63
;; bytes of lanes after $end can change: the packed bits after the last element are added to them. All functions may read
;; bytes after the last element, and `pack` may write them.
(module
  (import "host" "memory" (memory 1))

  ;; Fingerprints the bytes from $bytes to $end, 64 per turn, as defined in fingerprint.ts. The eight first sums are at
  ;; $sums, followed by the eight second sums. If $width is not 0, the bytes are also packed elements that use all bits of
  ;; lanes of $width bytes, and are added to the lanes from $lanes on.
  (func (export "fingerprint")
    (param $bytes i32) (param $end i32) (param $sums i32) (param $lanes i32) (param $width i32)
    (local $first0 v128) (local $first1 v128) (local $second0 v128) (local $second1 v128)
    (local $word0 v128) (local $word1 v128) (local $word2 v128) (local $word3 v128)
    (local.set $first0 (v128.load (local.get $sums)))
    (local.set $first1 (v128.load offset=16 (local.get $sums)))
    (local.set $second0 (v128.load offset=32 (local.get $sums)))
    (local.set $second1 (v128.load offset=48 (local.get $sums)))
    (loop $turn
      (local.set $word0 (v128.load (local.get $bytes)))
      (local.set $word1 (v128.load offset=16 (local.get $bytes)))
      (local.set $word2 (v128.load offset=32 (local.get $bytes)))
      (local.set $word3 (v128.load offset=48 (local.get $bytes)))
      (local.set $first0 (i32x4.add (local.get $first0) (local.get $word0)))
      (local.set $first1 (i32x4.add (local.get $first1) (local.get $word1)))
      (local.set $second0 (i32x4.add (local.get $second0) (local.get $first0)))
      (local.set $second1 (i32x4.add (local.get $second1) (local.get $first1)))
      (local.set $first0 (i32x4.add (local.get $first0) (local.get $word2)))
      (local.set $first1 (i32x4.add (local.get $first1) (local.get $word3)))
      (local.set $second0 (i32x4.add (local.get $second0) (local.get $first0)))
      (local.set $second1 (i32x4.add (local.get $second1) (local.get $first1)))
      (block $added
        (if (i32.eq (local.get $width) (i32.const 4))
          (then
            (v128.store (local.get $lanes)
              (i32x4.add (v128.load (local.get $lanes)) (local.get $word0)))
            (v128.store offset=16 (local.get $lanes)
              (i32x4.add (v128.load offset=16 (local.get $lanes)) (local.get $word1)))
            (v128.store offset=32 (local.get $lanes)
              (i32x4.add (v128.load offset=32 (local.get $lanes)) (local.get $word2)))
            (v128.store offset=48 (local.get $lanes)
              (i32x4.add (v128.load offset=48 (local.get $lanes)) (local.get $word3)))
            (br $added)))
        (br_if $added (i32.eqz (local.get $width)))
        (if (i32.eq (local.get $width) (i32.const 2))
          (then
            (v128.store (local.get $lanes)
              (i16x8.add (v128.load (local.get $lanes)) (local.get $word0)))
            (v128.store offset=16 (local.get $lanes)
              (i16x8.add (v128.load offset=16 (local.get $lanes)) (local.get $word1)))
            (v128.store offset=32 (local.get $lanes)
              (i16x8.add (v128.load offset=32 (local.get $lanes)) (local.get $word2)))
            (v128.store offset=48 (local.get $lanes)
              (i16x8.add (v128.load offset=48 (local.get $lanes)) (local.get $word3)))
            (br $added)))
        (if (i32.eq (local.get $width) (i32.const 8))
          (then
            (v128.store (local.get $lanes)
              (i64x2.add (v128.load (local.get $lanes)) (local.get $word0)))
            (v128.store offset=16 (local.get $lanes)
              (i64x2.add (v128.load offset=16 (local.get $lanes)) (local.get $word1)))
            (v128.store offset=32 (local.get $lanes)
              (i64x2.add (v128.load offset=32 (local.get $lanes)) (local.get $word2)))
            (v128.store offset=48 (local.get $lanes)
              (i64x2.add (v128.load offset=48 (local.get $lanes)) (local.get $word3)))
            (br $added)))
        (v128.store (local.get $lanes)
          (i8x16.add (v128.load (local.get $lanes)) (local.get $word0)))
        (v128.store offset=16 (local.get $lanes)
          (i8x16.add (v128.load offset=16 (local.get $lanes)) (local.get $word1)))
        (v128.store offset=32 (local.get $lanes)
          (i8x16.add (v128.load offset=32 (local.get $lanes)) (local.get $word2)))
        (v128.store offset=48 (local.get $lanes)
          (i8x16.add (v128.load offset=48 (local.get $lanes)) (local.get $word3))))
      (local.set $bytes (i32.add (local.get $bytes) (i32.const 64)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.const 64)))
      (br_if $turn (i32.lt_u (local.get $bytes) (local.get $end))))
    (v128.store (local.get $sums) (local.get $first0))
    (v128.store offset=16 (local.get $sums) (local.get $first1))
    (v128.store offset=32 (local.get $sums) (local.get $second0))
    (v128.store offset=48 (local.get $sums) (local.get $second1)))

  ;; How the functions below align many elements at a time, although elements can begin within a byte:
  ;; 1. A permutation copies the first bytes of each element into a word. The element begins at bit s of that word.
  ;; 2. A multiplication by 2^(8 - s) moves the element up to bit 8, and a shift moves it down to bit 0.
  ;; 3. The multiplication may have lost high bits at the top of the word. They are taken from the same permutation and
  ;;    multiplication of the bytes one position further, without the shift.
  ;; A row of a table has 64 bytes: the permutation, the factors, and a mask for the bits of the elements.

  ;; Adds to lanes of 4 bytes, eight per turn. The first four use the first row of the table. The other four, whose bytes
  ;; begin $bits / 2 bytes later, use the second row.
  (func (export "addWords") (param $lanes i32) (param $end i32) (param $packed i32) (param $bits i32) (param $table i32)
    (local $permutation0 v128) (local $factors0 v128) (local $permutation1 v128) (local $factors1 v128)
    (local $mask v128) (local $half i32) (local $elements0 v128) (local $elements1 v128)
    (local.set $permutation0 (v128.load (local.get $table)))
    (local.set $factors0 (v128.load offset=16 (local.get $table)))
    (local.set $mask (v128.load offset=32 (local.get $table)))
    (local.set $permutation1 (v128.load offset=64 (local.get $table)))
    (local.set $factors1 (v128.load offset=80 (local.get $table)))
    (loop $turn
      (local.set $half (i32.add (local.get $packed) (i32.shr_u (local.get $bits) (i32.const 1))))
      (local.set $elements0
        (i32x4.shr_u
          (i32x4.mul
            (i8x16.swizzle (v128.load (local.get $packed)) (local.get $permutation0))
            (local.get $factors0))
          (i32.const 8)))
      (local.set $elements1
        (i32x4.shr_u
          (i32x4.mul
            (i8x16.swizzle (v128.load (local.get $half)) (local.get $permutation1))
            (local.get $factors1))
          (i32.const 8)))
      (if (i32.gt_u (local.get $bits) (i32.const 24))
        (then
          (local.set $elements0
            (v128.or
              (local.get $elements0)
              (i32x4.mul
                (i8x16.swizzle (v128.load offset=1 (local.get $packed)) (local.get $permutation0))
                (local.get $factors0))))
          (local.set $elements1
            (v128.or
              (local.get $elements1)
              (i32x4.mul
                (i8x16.swizzle (v128.load offset=1 (local.get $half)) (local.get $permutation1))
                (local.get $factors1))))))
      (v128.store (local.get $lanes)
        (i32x4.add (v128.load (local.get $lanes)) (v128.and (local.get $elements0) (local.get $mask))))
      (v128.store offset=16 (local.get $lanes)
        (i32x4.add (v128.load offset=16 (local.get $lanes)) (v128.and (local.get $elements1) (local.get $mask))))
      (local.set $packed (i32.add (local.get $packed) (local.get $bits)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.const 32)))
      (br_if $turn (i32.lt_u (local.get $lanes) (local.get $end)))))

  ;; Adds to lanes of 8 bytes, two per turn. A lane is two words. The turns use the four rows of the table in rotation.
  (func (export "addPairs") (param $lanes i32) (param $end i32) (param $packed i32) (param $bits i32) (param $table i32)
    (local $quarters i32) (local $at i32) (local $row i32) (local $permutation v128) (local $factors v128)
    (loop $turn
      (local.set $at (i32.add (local.get $packed) (i32.shr_u (local.get $quarters) (i32.const 2))))
      (local.set $row
        (i32.add (local.get $table) (i32.shl (i32.and (local.get $quarters) (i32.const 3)) (i32.const 6))))
      (local.set $permutation (v128.load (local.get $row)))
      (local.set $factors (v128.load offset=16 (local.get $row)))
      (v128.store (local.get $lanes)
        (i64x2.add
          (v128.load (local.get $lanes))
          (v128.and
            (v128.or
              (i32x4.shr_u
                (i32x4.mul
                  (i8x16.swizzle (v128.load (local.get $at)) (local.get $permutation))
                  (local.get $factors))
                (i32.const 8))
              (i32x4.mul
                (i8x16.swizzle (v128.load offset=1 (local.get $at)) (local.get $permutation))
                (local.get $factors)))
            (v128.load offset=32 (local.get $row)))))
      (local.set $quarters (i32.add (local.get $quarters) (local.get $bits)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.const 16)))
      (br_if $turn (i32.lt_u (local.get $lanes) (local.get $end)))))

  ;; Adds to lanes of 1 or 2 bytes, 16 bytes of lanes per turn. $step is the number of packed bytes for a turn. Words have
  ;; 2 bytes. If lanes have 2 bytes, the second row gives the high bits of each word's lane. If lanes have 1 byte, the
  ;; second row gives the second lane of each word.
  (func (export "addNarrow")
    (param $lanes i32) (param $end i32) (param $packed i32) (param $step i32) (param $width i32) (param $table i32)
    (local $permutation0 v128) (local $factors0 v128) (local $mask0 v128)
    (local $permutation1 v128) (local $factors1 v128) (local $mask1 v128)
    (local $bytes v128) (local $elements v128)
    (local.set $permutation0 (v128.load (local.get $table)))
    (local.set $factors0 (v128.load offset=16 (local.get $table)))
    (local.set $mask0 (v128.load offset=32 (local.get $table)))
    (local.set $permutation1 (v128.load offset=64 (local.get $table)))
    (local.set $factors1 (v128.load offset=80 (local.get $table)))
    (local.set $mask1 (v128.load offset=96 (local.get $table)))
    (loop $turn
      (local.set $bytes (v128.load (local.get $packed)))
      (local.set $elements
        (v128.or
          (v128.and
            (i16x8.shr_u
              (i16x8.mul (i8x16.swizzle (local.get $bytes) (local.get $permutation0)) (local.get $factors0))
              (i32.const 8))
            (local.get $mask0))
          (v128.and
            (i16x8.mul (i8x16.swizzle (local.get $bytes) (local.get $permutation1)) (local.get $factors1))
            (local.get $mask1))))
      (v128.store (local.get $lanes)
        (if (result v128) (i32.eq (local.get $width) (i32.const 2))
          (then (i16x8.add (v128.load (local.get $lanes)) (local.get $elements)))
          (else (i8x16.add (v128.load (local.get $lanes)) (local.get $elements)))))
      (local.set $packed (i32.add (local.get $packed) (local.get $step)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.const 16)))
      (br_if $turn (i32.lt_u (local.get $lanes) (local.get $end)))))

  ;; Packs the low $bits bits of each lane from $lanes to $end, eight lanes per turn. Lanes have $width bytes: 1, 2 or 4. It
  ;; reads up to seven lanes after $end, and packs them too.
  ;;
  ;; 1. Two elements move together in a word of 64 bits.
  ;; 2. A shift gives each word the bit, and a permutation the byte, at which it begins in the packed form. The table has the
  ;;    masks of the first and of the second elements, then the permutations of the words 1 and 3. Words 0 and 2 keep their
  ;;    bytes. With 31 bits, the shifts lose the highest bits of the words 1 and 2; two more permutations place them.
  (func (export "pack")
    (param $lanes i32) (param $end i32) (param $packed i32) (param $bits i32) (param $width i32) (param $table i32)
    (local $a v128) (local $b v128) (local $firsts v128) (local $seconds v128) (local $low v128)
    (local $together i32) (local $shift1 i32) (local $shift2 i32) (local $shift3 i32) (local $half i32)
    (local $packedA v128) (local $packedB v128)
    (local.set $firsts (v128.load (local.get $table)))
    (local.set $seconds (v128.load offset=16 (local.get $table)))
    (local.set $low (v128.const i64x2 -1 0))
    (local.set $together (i32.sub (i32.const 32) (local.get $bits)))
    (local.set $shift1 (i32.and (i32.shl (local.get $bits) (i32.const 1)) (i32.const 7)))
    (local.set $shift2 (i32.shl (i32.and (local.get $bits) (i32.const 1)) (i32.const 2)))
    (local.set $shift3 (i32.and (i32.mul (local.get $bits) (i32.const 6)) (i32.const 7)))
    (loop $turn
      (block $loaded
        (if (i32.eq (local.get $width) (i32.const 4))
          (then
            (local.set $a (v128.load (local.get $lanes)))
            (local.set $b (v128.load offset=16 (local.get $lanes)))
            (br $loaded)))
        (if (i32.eq (local.get $width) (i32.const 2))
          (then
            (local.set $a (v128.load16x4_u (local.get $lanes)))
            (local.set $b (v128.load16x4_u offset=8 (local.get $lanes)))
            (br $loaded)))
        (local.set $b (v128.load8x8_u (local.get $lanes)))
        (local.set $a (i32x4.extend_low_i16x8_u (local.get $b)))
        (local.set $b (i32x4.extend_high_i16x8_u (local.get $b))))
      (local.set $a
        (v128.or
          (v128.and (local.get $a) (local.get $firsts))
          (i64x2.shr_u (v128.and (local.get $a) (local.get $seconds)) (local.get $together))))
      (local.set $b
        (v128.or
          (v128.and (local.get $b) (local.get $firsts))
          (i64x2.shr_u (v128.and (local.get $b) (local.get $seconds)) (local.get $together))))
      (local.set $packedA
        (v128.or
          (v128.and (local.get $a) (local.get $low))
          (i8x16.swizzle (i64x2.shl (local.get $a) (local.get $shift1)) (v128.load offset=32 (local.get $table)))))
      (local.set $packedB
        (v128.or
          (v128.and (i64x2.shl (local.get $b) (local.get $shift2)) (local.get $low))
          (i8x16.swizzle (i64x2.shl (local.get $b) (local.get $shift3)) (v128.load offset=48 (local.get $table)))))
      (if (i32.eq (local.get $bits) (i32.const 31))
        (then
          (local.set $packedA
            (v128.or
              (local.get $packedA)
              (i8x16.swizzle (i64x2.shr_u (local.get $a) (i32.const 58)) (v128.load offset=64 (local.get $table)))))
          (local.set $packedB
            (v128.or
              (local.get $packedB)
              (i8x16.swizzle (i64x2.shr_u (local.get $b) (i32.const 60)) (v128.load offset=80 (local.get $table)))))))
      ;; Each store writes zeros after its elements. The last four elements begin at bit 0 or 4 of the byte at $half.
      (v128.store (local.get $packed) (local.get $packedA))
      (local.set $half (i32.add (local.get $packed) (i32.shr_u (local.get $bits) (i32.const 1))))
      (v128.store (local.get $half)
        (v128.or
          (local.get $packedB)
          (v128.load8_lane 0 (local.get $half) (v128.const i64x2 0 0))))
      (local.set $packed (i32.add (local.get $packed) (local.get $bits)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.shl (local.get $width) (i32.const 3))))
      (br_if $turn (i32.lt_u (local.get $lanes) (local.get $end)))))

  ;; Packs the low $bits bits, more than 32, of each lane of 8 bytes from $lanes to $end. A lane is packed as two words: all
  ;; bits of the first, and the other bits of the second.
  (func (export "packPairs") (param $lanes i32) (param $end i32) (param $packed i32) (param $bits i32)
    (local $filled i64) (local $others i64) (local $mask i64) (local $rest i64) (local $word i64)
    (local.set $others (i64.extend_i32_u (i32.sub (local.get $bits) (i32.const 32))))
    (local.set $mask (i64.sub (i64.shl (i64.const 1) (local.get $others)) (i64.const 1)))
    (loop $turn
      (local.set $word (i64.shl (i64.load32_u (local.get $lanes)) (local.get $filled)))
      (local.set $rest (i64.or (local.get $rest) (local.get $word)))
      (i64.store (local.get $packed) (local.get $rest))
      (local.set $rest (i64.shr_u (local.get $rest) (i64.const 32)))
      (local.set $word
        (i64.shl (i64.and (i64.load32_u offset=4 (local.get $lanes)) (local.get $mask)) (local.get $filled)))
      (local.set $rest (i64.or (local.get $rest) (local.get $word)))
      (i64.store offset=4 (local.get $packed) (local.get $rest))
      (local.set $filled (i64.add (local.get $filled) (local.get $others)))
      (local.set $packed
        (i32.add
          (local.get $packed)
          (i32.add (i32.const 4) (i32.wrap_i64 (i64.shr_u (local.get $filled) (i64.const 3))))))
      (local.set $rest
        (i64.shr_u (local.get $rest) (i64.and (local.get $filled) (i64.const 56))))
      (local.set $filled (i64.and (local.get $filled) (i64.const 7)))
      (local.set $lanes (i32.add (local.get $lanes) (i32.const 8)))
      (br_if $turn (i32.lt_u (local.get $lanes) (local.get $end)))))
)
