import { spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/** What opens an address in the user's browser. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
}

/**
 * Opens an address that holds a secret in the user's browser. Arguments can be seen by everybody on the machine, so the
 * browser is given a file that only the user can read, and that leads there; `forget` removes it. Resolves to whether
 * there is a browser.
 */
export async function openBrowser(url: string): Promise<{ isOpen: boolean; forget: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "frk-browse-")) // mode 0700
  const forget = () => rm(directory, { recursive: true, force: true })
  const file = join(directory, "open.html")
  await writeFile(file, `<!doctype html><meta http-equiv="refresh" content="0;url=${url}">`, { mode: 0o600 })
  const [program = "", ...args] = openers[process.platform] ?? ["xdg-open"]
  const opener = spawn(program, [...args, pathToFileURL(file).href], { stdio: "ignore", detached: true })
  const isOpen = await new Promise<boolean>((resolve) => {
    opener.once("error", () => resolve(false)).once("spawn", () => resolve(true))
  })
  opener.unref()
  if (!isOpen) await forget()
  return { isOpen, forget }
}
