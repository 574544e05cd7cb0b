import { open } from "node:fs/promises"

/** Turns all bits of one byte of a file, past everybody who serves it. Twice: as it was. */
export async function flipByte(file: string, offset: number): Promise<void> {
  const handle = await open(file, "r+")
  try {
    const byte = Buffer.alloc(1)
    await handle.read(byte, 0, 1, offset)
    await handle.write(Buffer.from([(byte[0] ?? 0) ^ 0xff]), 0, 1, offset)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
