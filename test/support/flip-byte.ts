import { open } from "node:fs/promises"

/** Turns over all bits of one byte of a file; a second time puts them back. */
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
