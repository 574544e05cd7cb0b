import { printable } from "../printable.ts"
import type { Mount, SystemFacts } from "./facts.ts"
import { Hive, HiveError, type HiveValue, type ReadAt } from "./hive.ts"

/** What the hives SOFTWARE and SYSTEM say; what of them is absent or damaged says nothing. Rejects when reading does. */
export async function windowsFacts(hives: { software?: ReadAt; system?: ReadAt }): Promise<SystemFacts> {
  return {
    ...(await look(hives.software, async (hive) =>
      release(await hive.values(["Microsoft", "Windows NT", "CurrentVersion"])),
    )),
    ...(await look(hives.system, host)),
    mounts: (await look(hives.system, async (hive) => driveLetters(await hive.values(["MountedDevices"])))) ?? [],
  }
}

async function look<T>(read: ReadAt | undefined, into: (hive: Hive) => Promise<T>): Promise<T | undefined> {
  try {
    return read && (await into(await Hive.open(read)))
  } catch (error) {
    if (error instanceof HiveError) return undefined
    throw error
  }
}

type Values = ReadonlyMap<string, HiveValue>

const shown = (text: string) => printable(Buffer.from(text.toWellFormed()), 128)
const textOf = (values: Values, name: string) => {
  const value = values.get(name)
  return typeof value === "string" && value !== "" ? value : undefined
}

function release(values: Values): Pick<SystemFacts, "os" | "version"> {
  const build = textOf(values, "currentbuild") ?? textOf(values, "currentbuildnumber")
  // Windows 11 goes on calling itself 10 there
  const product = textOf(values, "productname")?.replace(/^Windows 10\b/, Number(build) >= 22_000 ? "Windows 11" : "$&")
  const patch = values.get("ubr")
  const number = build === undefined ? undefined : `build ${build}${typeof patch === "number" ? `.${patch}` : ""}`
  const name = textOf(values, "displayversion") ?? textOf(values, "releaseid")
  const version = name === undefined ? number : [name, ...(number === undefined ? [] : [`(${number})`])].join(" ")
  return {
    ...(product === undefined ? {} : { os: shown(product) }),
    ...(version === undefined ? {} : { version: shown(version) }),
  }
}

async function host(system: Hive): Promise<Pick<SystemFacts, "hostName">> {
  const current = (await system.values(["Select"])).get("current")
  const set = `ControlSet${String(typeof current === "number" && current < 1000 ? current : 1).padStart(3, "0")}`
  const name = textOf(await system.values([set, "Control", "ComputerName", "ComputerName"]), "computername")
  return name === undefined ? {} : { hostName: shown(name) }
}

/**
 * Which drive letter is which volume: by the signature of an MBR and where the partition begins in bytes, or by the GUID of a
 * partition of a GPT or of a dynamic volume.
 */
function driveLetters(values: Values): Mount[] {
  return [...values].flatMap(([name, value]): Mount[] => {
    const [, letter] = /^\\dosdevices\\([a-z]):$/.exec(name) ?? []
    if (letter === undefined || !Buffer.isBuffer(value)) return []
    const at = `${letter.toUpperCase()}:`
    if (value.length === 12) {
      const signature = value.readUInt32LE(0).toString(16).padStart(8, "0")
      return [{ mark: `mbr ${signature} ${value.readBigUInt64LE(4)}`, at }]
    }
    if (value.length !== 24 || value.toString("latin1", 0, 8) !== "DMIO:ID:") return []
    return [{ mark: `guid ${guidText(value.subarray(8))}`, at }]
  })
}

/** As Windows stores a GUID: the first three parts little-endian. */
function guidText(bytes: Buffer): string {
  const part = (from: number, to: number) => Buffer.from(bytes.subarray(from, to).toReversed()).toString("hex")
  const [rest, node] = [bytes.toString("hex", 8, 10), bytes.toString("hex", 10)]
  return `${part(0, 4)}-${part(4, 6)}-${part(6, 8)}-${rest}-${node}`
}
