import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { repository } from "./cluster.ts"
import { run } from "./run.ts"

/** What was seen on a port of the pods of a node. */
export interface Captured {
  /** TCP segments that carried data. */
  segments: number
  /** Data that is no part of a TLS record, in words of tshark. Must be empty. */
  plain: string[]
  /** The TLS versions servers chose, e.g. "0x0304" for 1.3. */
  versions: string[]
}

/**
 * Records what crosses the pods' bridge of a node on a TCP port, until `stop`: logins and the reads of mounting, say.
 * The pods of the test cluster's node all hang on that bridge.
 */
export async function capture(node: string, port: number): Promise<{ stop(): Promise<Captured> }> {
  const folder = await mkdtemp(join(tmpdir(), "capture-"))
  const file = join(folder, "pods.pcap")
  const tcpdump = [
    "tcpdump",
    "-i",
    "cni0",
    "-Z",
    "root",
    "-U",
    "-B",
    "32768",
    "-C",
    "200",
    "-W",
    "1",
    "-w",
    file,
    `tcp port ${port}`,
  ]
  const child = spawn(`${repository}test/cluster/cluster`, ["exec", node, ...tcpdump], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  })
  let words = ""
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      words += chunk.toString()
      if (words.includes("listening on")) resolve()
    })
    child.once("exit", () => reject(new Error(`tcpdump did not start: ${words}`)))
  })
  return {
    stop: async () => {
      const ended = once(child, "exit")
      if (child.pid && child.exitCode === null) process.kill(-child.pid, "SIGINT")
      await ended
      try {
        return await examine(file, port)
      } finally {
        await rm(folder, { recursive: true })
      }
    },
  }
}

/** Looks at a capture of one port. What isn't TLS 1.3 shows in `plain` or `versions`. */
export async function examine(file: string, port: number): Promise<Captured> {
  const tshark = async (filter: string, ...fields: string[]) => {
    const asked = fields.flatMap((field) => ["-e", field])
    // two passes: only then does a segment know the record it is a part of
    const args = ["-2", "-r", file, "-d", `tcp.port==${port},tls`, "-Y", filter, "-T", "fields", ...asked]
    return (await run("tshark", args)).stdout.split("\n").filter(Boolean)
  }
  const data = "tcp.len > 0 && !tcp.analysis.retransmission && !tcp.analysis.spurious_retransmission"
  const partOfRecord = "tls || tcp.reassembled_in || tcp.segment_data"
  const segments = await tshark(data, "frame.number")
  const plain = await tshark(
    `(${data} && !(${partOfRecord})) || tls.ignored_unknown_record || iscsi`,
    "frame.number",
    "_ws.col.Info",
  )
  const versions = await tshark("tls.handshake.type == 2", "tls.handshake.extensions.supported_version")
  return { segments: segments.length, plain, versions: [...new Set(versions)] }
}
