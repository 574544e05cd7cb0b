import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { run } from "../run.ts"
import { sparse } from "./images.ts"

/**
 * An NTFS: `/kept` with alternate data streams, `/large` with one of 5 MiB and two small ones, and `/file`. Made without a
 * mount, by ntfscp.
 */
export async function streamImage(image: string): Promise<void> {
  await sparse(image, 32)
  await run("mkntfs", ["-q", "-F", "-f", image])
  for (const [path, stream, content] of [
    ["/file", "", "plain"],
    ["/kept", "", "kept"],
    ["/kept", "one", "1"],
    ["/kept", "größe = 100%", "2"],
    ["/large", "", "large"],
    ["/large", "a", "before"],
    ["/large", "huge", "x".repeat(5 << 20)],
    ["/large", "z", "behind"],
  ] as const) {
    const source = join(image, "..", "content")
    await writeFile(source, content)
    await run("ntfscp", ["-q", "-f", ...(stream === "" ? [] : ["-N", stream]), image, source, path])
    await rm(source)
  }
}
