import { parseArgs } from "node:util"
import { RecoveryError } from "../api/reasons.ts"
import { displayName, percentDecode } from "../files/names.ts"
import { modeText } from "../files/permissions.ts"
import type { Entry, Volumes } from "../files/schemas.ts"
import { componentsOf, placeOf, shown, wordsOf } from "./place.ts"
import { type Surroundings, write } from "./streams.ts"

const flag = (short: string) => ({ type: "boolean" as const, short })
/** The last few change nothing: names come one a line, as the file system has them, all of them. */
const known = { long: flag("l"), directory: flag("d"), all: flag("a"), "almost-all": flag("A"), one: flag("1") }

interface Shape {
  readonly long: boolean
  /** What the path is itself, not what is in it. */
  readonly directory: boolean
}

/**
 * `ls [-ld] [PATH...]`: the session's volumes, or what is at a path `/VOLUME/PATH`. Names are written so that tar reads them:
 * `\xNN` is a byte. Resolves to the exit code: 2 when something could not be listed.
 */
export async function list(args: readonly string[], { files, out, err }: Surroundings): Promise<number> {
  let code = 0
  const print = (text: string) => write(out, `${text}\n`)

  async function show(text: string, { long, directory }: Shape): Promise<void> {
    const components = componentsOf(text)
    const place = placeOf(components)
    if (place === undefined) {
      for (const volume of (await files.volumes()).volumes)
        await print(long ? volumeLine(volume) : displayName(Buffer.from(volume.path)))
      return
    }
    const line = (entry: Entry, name: string) => print(long ? longLine(entry, name) : name)
    const entry = await files.stat(place)
    if (directory || entry.type !== "directory") return line(entry, shown(components))
    for await (const page of files.list(place))
      for (const entry of page) await line(entry, displayName(percentDecode(entry.name)))
  }

  try {
    const { shape, paths } = options(args)
    for (const path of paths)
      try {
        if (paths.length > 1 && !shape.directory) await print(`${path === paths[0] ? "" : "\n"}${path}:`)
        await show(path, shape)
      } catch (error) {
        code = 2
        err.write(`ls: cannot access '${path}': ${wordsOf(error)}\n`)
      }
  } catch (error) {
    code = 2
    err.write(`ls: ${wordsOf(error)}\n`)
  }
  return code
}

function options(args: readonly string[]): { shape: Shape; paths: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true })
    const { long = false, directory = false } = values
    return { shape: { long, directory }, paths: positionals.length === 0 ? ["/"] : positionals }
  } catch (error) {
    const [what] = (error as Error).message.split(/\. |\n/)
    throw new RecoveryError("UsageError", `${what}. It knows -l and -d; kubectl recover ls and find know more.`)
  }
}

/** Owner and group are numbers: the pod knows no users. Times are UTC. */
function longLine(entry: Entry, name: string): string {
  const { uid, gid, sizeBytes, mtime, linkTarget } = entry
  const owner = `${String(uid).padStart(5)} ${String(gid).padStart(5)}`
  const link = linkTarget === undefined ? "" : ` -> ${displayName(percentDecode(linkTarget))}`
  const time = displayName(Buffer.from(mtime.slice(0, 29).replace("T", " ").replace("Z", "")))
  return `${modeText(entry)} ${owner} ${String(sizeBytes).padStart(12)} ${time} ${name}${link}`
}

function volumeLine({ path, filesystem = "-", sizeBytes, state, message = "" }: Volumes["volumes"][number]): string {
  const escaped = (text: string) => displayName(Buffer.from(text))
  const kind = `${state.padEnd(11)} ${escaped(filesystem).padEnd(8)} ${String(sizeBytes).padStart(15)}`
  return `${kind} ${escaped(path)} ${escaped(message)}`.trimEnd()
}
