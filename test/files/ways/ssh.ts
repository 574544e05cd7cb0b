import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import type { Entry } from "../../disks/tree.ts"
import { localTree } from "../local-tree.ts"
import type { Loss } from "../losses.ts"
import type { Scene } from "../scene.ts"
import type { Way } from "../way.ts"

/** What `kubectl recover sftp -o json` says: how to connect, as command lines among other things. */
interface Told {
  readonly commands: Readonly<Record<"sftp" | "scp" | "rclone", string>>
}

/** All that version 3 of SFTP doesn't carry; clients follow links. */
const loses: readonly Loss[] = [
  "fractions of seconds",
  "times before 1970",
  "owners",
  "special bits",
  "devices",
  "pipes",
  "links",
  "hard links",
  "attributes",
  "ACLs",
]

/** Of the special bits the only one that some clients keep. */
const sticky = 0o1000

/** With the tunnel open, a command made of what it tells; it leaves the tree in the folder `tree`. */
async function through(scene: Scene, command: (told: Told["commands"]) => string): Promise<Entry[]> {
  await using folder = await scene.folder()
  const args = ["recover", "sftp", scene.session, "--listen", "127.0.0.1:0", "-o", "json", "-q"]
  const child = spawn("kubectl", args, { env: scene.env, stdio: ["ignore", "pipe", "inherit"] })
  const ended = once(child, "close")
  try {
    let text = ""
    for await (const line of createInterface({ input: child.stdout })) {
      text += line
      if (line === "}") break
    }
    const { commands } = JSON.parse(text) as Told
    await scene.type(`umask 0; ${command(commands)}`, folder.path)
  } finally {
    child.kill("SIGINT")
    await ended
  }
  // a link is followed: what comes of one that leads to a file is a copy of that
  const tree = await localTree(`${folder.path}/tree`)
  return tree
    .filter(({ name }) => name.toString("latin1") !== "links/relative")
    .map((entry) => ({ ...entry, mode: entry.mode & ~sticky }))
}

/** SFTP by programs that people have, as `kubectl recover sftp --print` tells them to be called. */
export const sshWays: readonly Way[] = [
  {
    name: "sftp: get -pR",
    loses,
    // links that lead nowhere are what it complains of
    take: (scene) =>
      through(
        scene,
        ({ sftp }) => `echo 'get -pR /vg0-data/tree' | ${sftp.replace(/^sftp/, "sftp -b -")} || [ $? = 1 ]`,
      ),
  },
  {
    name: "scp -pr",
    loses,
    take: (scene) =>
      through(
        scene,
        ({ scp }) => `${scp.replace(/^scp/, "scp -qpr").replace("/VOLUME/PATH", "/vg0-data/tree")} || [ $? = 1 ]`,
      ),
  },
  {
    name: "rclone copy",
    loses: [...loses, "modes", "directories' times"],
    take: (scene) =>
      through(scene, ({ rclone }) => {
        const flags = "rclone --config= --create-empty-src-dirs --skip-links --retries=1 -q"
        return `mkdir tree; ${rclone
          .replace(/^rclone/, flags)
          .replace("/VOLUME/PATH", "/vg0-data/tree")
          .replace(/ \.$/, " tree")} || [ $? = 1 ]`
      }),
  },
]
