/** A member's name without the `./` that an archive of a whole volume has before each; empty for the root itself. */
export function withoutDot(name: Buffer): Buffer {
  let start = 0
  while (name[start] === dot && name[start + 1] === slash) {
    start += 2
    while (name[start] === slash) start++
  }
  return name.subarray(start).equals(Buffer.from(".")) ? Buffer.alloc(0) : name.subarray(start)
}

const [dot, slash] = [0x2e, 0x2f]
