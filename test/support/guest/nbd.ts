import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { basename } from "node:path"
import type { GuestDisk } from "../../../src/guest/disks.ts"
import { waitFor } from "../wait.ts"

export interface ServedImage extends GuestDisk {
  /** Ends the server at once. */
  stop(): Promise<void>
}

/** Serves an image with qemu-nbd, writable: that nothing is written is the guest's promise, not the server's. */
export async function serveImage(image: string, dir: string, index: number): Promise<ServedImage> {
  const nbdSocket = `${dir}/nbd${index}`
  const name = basename(image, ".img")
  const server = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "qemu-nbd", "-t", "-f", "raw", "-x", name, "-k", nbdSocket, image],
    { stdio: "inherit" },
  )
  const ended = once(server, "close")
  await waitFor(`qemu-nbd to serve ${image}`, async () => existsSync(nbdSocket), { seconds: 30, everyMs: 10 })
  const stop = async () => {
    server.kill("SIGKILL")
    await ended
  }
  return { name, serial: `test-${index}`, nbdSocket, export: name, stop }
}
