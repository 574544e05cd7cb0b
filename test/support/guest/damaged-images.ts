import { mkdir, open, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { run } from "../run.ts"
import { noise } from "./tree.ts"

const blockBytes = 1024

/**
 * Two file systems, each with directories that can't be read in full and a sound one: `indexed.img`, an ext4 as it is usual,
 * `/sub` of which is overwritten, and `linear.img`, an ext2, which has a damaged block within the many of `/sub`. In `gone`
 * is a file whose inode is of no type.
 */
export async function damagedImages(dir: string): Promise<void> {
  const tree = join(dir, "tree")
  for (const name of ["sub", "sound", "gone"]) await mkdir(join(tree, name), { recursive: true })
  for (const name of ["sub/file", "sound/file", "gone/lost", "gone/there"]) await writeFile(join(tree, name), name)
  await damaged(join(dir, "indexed.img"), "ext4", tree, 0)
  for (let at = 0; at < 200; at++) await writeFile(join(tree, `sub/one of many ${at}`), "")
  await damaged(join(dir, "linear.img"), "ext2", tree, 2)
  await rm(tree, { recursive: true })
}

async function damaged(image: string, type: string, tree: string, block: number): Promise<void> {
  const features = type === "ext2" ? ["-O", "^dir_index"] : []
  await run("mke2fs", ["-q", "-F", "-t", type, ...features, "-b", String(blockBytes), "-d", tree, image, "16M"])
  await run("debugfs", ["-w", "-R", "set_inode_field /gone/lost mode 0130000", image])
  const { stdout } = await run("debugfs", ["-R", `bmap /sub ${block}`, image])
  await using file = await open(image, "r+")
  await file.write(noise("damage", blockBytes), 0, blockBytes, Number(stdout) * blockBytes)
}
