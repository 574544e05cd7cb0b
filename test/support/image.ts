import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { run } from "./run.ts"

const mebibyte = 1 << 20

/** Makes a raw disk image: a GPT with one ext4 partition that holds these files. Needs no privilege. */
export async function makeImage(path: string, files: Record<string, Buffer>, sizeMiB = 48): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "image-"))
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true })
      writeFileSync(join(root, name), content)
    }
    writeFileSync(path, "")
    truncateSync(path, sizeMiB * mebibyte)
    await run("sfdisk", ["--quiet", path], { input: "label: gpt\nstart=1MiB, type=linux\n" })
    const blocks = String((sizeMiB - 2) * 1024)
    await run("mke2fs", ["-q", "-t", "ext4", "-d", root, "-E", `offset=${mebibyte}`, path, blocks])
  } finally {
    rmSync(root, { recursive: true })
  }
}
