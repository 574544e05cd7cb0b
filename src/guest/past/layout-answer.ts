import { RecoveryError } from "../../api/reasons.ts"
import { type Device, Layout, type Place, type Segment } from "./layout.ts"

const sector = 512
const number = "(\\d{1,7}:\\d{1,7})"
const count = "(\\d{1,16})"
const patterns = {
  disk: new RegExp(`^disk ${number} ${count} \\d+:\\d+:(\\d{1,3}):(\\d{1,5})$`),
  partition: new RegExp(`^part ${number} ${count} ${count} ${number}$`),
  mapped: new RegExp(`^dm ${number} ${count}$`),
  other: new RegExp(`^other ${number} ${count}$`),
  table: new RegExp(`^table ${count} ${count} ([a-z0-9_-]{1,32})(?: ([ -~]{0,16384}))?$`),
}
const place = new RegExp(`^${number} ${count}$`)

/** Takes the answer of the verb `layout` (appliance/volume) apart. Throws ProtocolError for what it never says. */
export function parseLayout(answer: Buffer, diskBytes: ReadonlyMap<number, number>): Layout {
  const devices = new Map<string, Device>()
  let segments: Segment[] = []
  for (const line of answer.toString("latin1").trimEnd().split("\n")) {
    const segment = parseSegment(line)
    if (segment !== undefined) {
      segments.push(segment)
      continue
    }
    segments = []
    const [name, device] = parseDevice(line, segments)
    if (devices.has(name)) throw malformed()
    devices.set(name, device)
  }
  const [top = ""] = devices.keys()
  return new Layout(top, devices, diskBytes)
}

function parseDevice(line: string, segments: Segment[]): [name: string, device: Device] {
  let match = patterns.disk.exec(line)
  if (match !== null) {
    const [, name = "", sectors, target, lun] = match
    return [name, { kind: "disk", sizeBytes: bytes(sectors), index: Number(target) + 256 * Number(lun) }]
  }
  match = patterns.partition.exec(line)
  if (match !== null) {
    const [, name = "", sectors, start, device = ""] = match
    const sizeBytes = bytes(sectors)
    const whole: Segment = { start: 0, length: sizeBytes, kind: "linear", to: { device, offset: bytes(start) } }
    return [name, { kind: "mapped", sizeBytes, segments: [whole] }]
  }
  match = patterns.mapped.exec(line)
  if (match !== null) {
    const [, name = "", sectors] = match
    return [name, { kind: "mapped", sizeBytes: bytes(sectors), segments }] // the lines that follow
  }
  match = patterns.other.exec(line)
  if (match !== null) {
    const [, name = "", sectors] = match
    const sizeBytes = bytes(sectors)
    const whole: Segment = { start: 0, length: sizeBytes, kind: "opaque", what: "an array" }
    return [name, { kind: "mapped", sizeBytes, segments: [whole] }]
  }
  throw malformed()
}

/** A line of a device-mapper's table (dmsetup(8)); undefined for a line that is none. */
function parseSegment(line: string): Segment | undefined {
  const match = patterns.table.exec(line)
  if (match === null) return undefined
  const [, first, sectors, target = "", words = ""] = match
  const extent = { start: bytes(first), length: bytes(sectors) }
  if (target === "linear") return { ...extent, kind: "linear", to: parsePlace(words) }
  if (target !== "striped") return { ...extent, kind: "opaque", what: `a ${target} target of device-mapper` }
  const [stripes, chunk, ...rest] = words.split(" ")
  const places = rest.flatMap((_, index) =>
    index % 2 === 0 ? [parsePlace(rest.slice(index, index + 2).join(" "))] : [],
  )
  if (places.length !== Number(stripes)) throw malformed()
  return { ...extent, kind: "striped", chunk: bytes(chunk), stripes: places }
}

function parsePlace(words: string): Place {
  const [, device, sectors] = place.exec(words) ?? []
  if (device === undefined) throw malformed()
  return { device, offset: bytes(sectors) }
}

function bytes(sectors: string | undefined): number {
  const value = Number(sectors) * sector
  if (!Number.isSafeInteger(value)) throw malformed()
  return value
}

const malformed = () => new RecoveryError("ProtocolError", "The guest told of its devices in a way it never does.")
