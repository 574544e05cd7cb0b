/** Tar archives as no tool would write them: every header as it is given, hostile ones included. */
export interface Member {
  readonly name: string | Buffer
  readonly type?: string
  readonly link?: string
  readonly body?: string | Buffer
  readonly mode?: number
  readonly mtime?: number
  /** What the header says, when it lies. */
  readonly size?: number
  /** Records of an extended header put in front. */
  readonly pax?: Record<string, string | Buffer>
}

export function tarBytes(members: readonly Member[], options: { end?: boolean } = {}): Buffer {
  const end = options.end === false ? [] : [Buffer.alloc(1024)]
  return Buffer.concat([...members.flatMap(memberBlocks), ...end])
}

/** As a stream in chunks of an awkward size. */
export async function* inChunks(bytes: Buffer, size = 100): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function memberBlocks(member: Member): Buffer[] {
  const body = Buffer.from(member.body ?? "")
  const pax = member.pax ? Buffer.concat(Object.entries(member.pax).map(paxRecord)) : undefined
  const extended = pax ? [header({ name: "pax", type: "x" }, pax.length), padded(pax)] : []
  return [...extended, header(member, member.size ?? body.length), padded(body)]
}

function header({ name, type = "0", link = "", mode = 0o644, mtime = 1_000_000_000 }: Member, size: number): Buffer {
  const block = Buffer.alloc(512)
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, "0"), at, length - 1, "latin1")
  Buffer.from(name).copy(block, 0, 0, 100)
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(mtime, 136, 12)
  block.write(type, 156, 1, "latin1")
  block.write(link, 157, 100, "latin1")
  block.write("ustar\x0000", 257, 8, "latin1")
  octal(1, 329, 8)
  octal(3, 337, 8)
  block.fill(0x20, 148, 156)
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  )
  return block
}

function paxRecord([key, value]: [string, string | Buffer]): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")])
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}
