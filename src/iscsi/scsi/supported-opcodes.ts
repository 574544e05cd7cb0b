import { sense } from "./sense.ts"
import type { Outcome } from "./unit.ts"

/** What REPORT SUPPORTED OPERATION CODES tells of a command: its CDB usage data, the first byte being the opcode. */
export interface Described {
  readonly serviceAction?: number
  readonly usage: Buffer
}

const timeouts = Buffer.of(0, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
const ask = { all: 0, one: 1, oneWithAction: 2, either: 3 } as const

/** REPORT SUPPORTED OPERATION CODES (SPC-4 section 6.35) out of the table of commands. */
export function supportedOpcodes(cdb: Buffer, commands: Iterable<Described>): Outcome {
  const withTimeouts = (cdb.readUInt8(2) & 0x80) !== 0
  const how = cdb.readUInt8(2) & 0x07
  const all = [...commands]
  const data = how === ask.all ? everyCommand(all, withTimeouts) : oneCommand(cdb, how, all, withTimeouts)
  return data
    ? { kind: "data", data: data.subarray(0, cdb.readUInt32BE(6)) }
    : { kind: "check", sense: sense.invalidField }
}

function everyCommand(commands: Described[], withTimeouts: boolean): Buffer {
  const entries = commands.map(({ serviceAction, usage }) => {
    const entry = Buffer.alloc(8)
    entry[0] = usage.readUInt8(0)
    entry.writeUInt16BE(serviceAction ?? 0, 2)
    entry[5] = (withTimeouts ? 2 : 0) | (serviceAction === undefined ? 0 : 1)
    entry.writeUInt16BE(usage.length, 6)
    return withTimeouts ? Buffer.concat([entry, timeouts]) : entry
  })
  const head = Buffer.alloc(4)
  const body = Buffer.concat(entries)
  head.writeUInt32BE(body.length, 0)
  return Buffer.concat([head, body])
}

function oneCommand(cdb: Buffer, how: number, commands: Described[], withTimeouts: boolean): Buffer | undefined {
  const same = commands.filter(({ usage }) => usage.readUInt8(0) === cdb.readUInt8(3))
  const hasActions = same.some(({ serviceAction }) => serviceAction !== undefined)
  if (how > ask.either || (how === ask.one && hasActions)) return undefined
  if (how === ask.oneWithAction && same.length > 0 && !hasActions) return undefined
  const action = hasActions ? cdb.readUInt16BE(4) : undefined
  const found = same.find(({ serviceAction }) => serviceAction === action)
  if (!found) return Buffer.of(0, 1, 0, 0)
  const head = Buffer.of(0, 3 | (withTimeouts ? 0x80 : 0), 0, found.usage.length)
  return Buffer.concat(withTimeouts ? [head, found.usage, timeouts] : [head, found.usage])
}
