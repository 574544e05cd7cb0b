import { spawn } from "node:child_process"
import { once } from "node:events"
import { readTree } from "../disks/read-tar.ts"
import type { Entry } from "../disks/tree.ts"

/** What GNU tar is to say of a directory: everything. */
export const tarEverything = ["--format=pax", "--numeric-owner", "--acls", "--xattrs", "--xattrs-include=*", "-cf", "-"]

/** The tree that a directory of this machine holds. */
export const localTree = (directory: string): Promise<Entry[]> =>
  treeFrom("tar", [...tarEverything, "-C", directory, "."])

/** The tree in the archive that a program writes to its standard output. Rejects with what it says when it fails. */
export async function treeFrom(program: string, args: readonly string[], env = process.env): Promise<Entry[]> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env })
  let said = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text))
  const ended = once(child, "close") as Promise<[number | null]>
  const tree = await readTree(child.stdout)
  const [code] = await ended
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${said.slice(-2000)}`)
  return tree
}

/** The part of a tree below a directory, with names from there. */
export function below(tree: readonly Entry[], directory: string): Entry[] {
  const prefix = `${directory}/`
  return tree
    .filter(({ name }) => name.toString("latin1").startsWith(prefix))
    .map((entry) => ({
      ...entry,
      name: entry.name.subarray(prefix.length),
      ...(entry.type === "hardlink" && entry.link ? { link: entry.link.subarray(prefix.length) } : {}),
    }))
}
