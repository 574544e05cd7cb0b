import { peerUri } from "../../src/pki/peer.ts"
import { openFile } from "../../src/target/backends/file.ts"
import type { TargetOptions } from "../../src/target/options.ts"
import { startTarget } from "../../src/target/target.ts"
import { pino } from "pino"

/** What a target in a process of its own is told, as one message. */
export interface TargetOrder extends Pick<TargetOptions, "iqn" | "tls" | "chap"> {
  readonly path: string
  readonly serial: string
  readonly peer: string
}

/** A target that can be killed: forked by a test, answers with its port. */
process.once("message", (order: TargetOrder) => void serve(order))

async function serve({ path, serial, peer, ...identity }: TargetOrder): Promise<void> {
  const target = await startTarget({
    ...identity,
    host: "127.0.0.1",
    port: 0,
    disks: [{ name: serial, serial, device: await openFile(path) }],
    authorizePeer: (certificate) => peerUri(certificate) === peer,
    log: pino({ level: "silent" }),
  })
  process.send?.(target.port)
}
