import type { PortPool } from "./port-pool.ts"
import { openSession, type SessionHost } from "./session.ts"
import { SftpChannel } from "./sftp-channel.ts"
import type { Received } from "./socket.ts"

interface Shared {
  readonly root: string
  /** Under way as long as it waits for a port. */
  readonly channel: Promise<SftpChannel>
  readers: number
  lastUsed: number
}

/** A channel to one volume, shared with other readers, until it is released. */
export interface Lease {
  readonly channel: SftpChannel
  readonly release: () => void
}

/** More channels of one volume than this bring no throughput. */
const maxPerVolume = 3

/**
 * The sftp sessions of all volumes. A reader gets an idle one, or a new one while ports are free, or shares the one with the
 * fewest readers. Idle ones stay open until somebody has to wait for a port.
 */
export class Readers {
  readonly #host: SessionHost
  readonly #ports: PortPool
  readonly #open = new Set<Shared>()
  #clock = 0

  constructor(host: SessionHost) {
    this.#host = host
    this.#ports = host.ports
    host.ports.reclaim = () => this.#closeIdle()
  }

  /** `root` is where the guest has mounted the volume of that device. */
  async lease(root: string, device: string): Promise<Lease> {
    const shared = this.#choose(root) ?? this.#start(root, device)
    shared.readers++
    shared.lastUsed = ++this.#clock
    let released = false
    const release = () => {
      if (released) return
      released = true
      shared.readers--
      if (this.#ports.waiting > 0) this.#closeIdle()
    }
    try {
      return { channel: await shared.channel, release }
    } catch (error) {
      release()
      throw error
    }
  }

  #choose(root: string): Shared | undefined {
    const candidates = [...this.#open].filter((shared) => shared.root === root).sort((a, b) => a.readers - b.readers)
    const [best] = candidates
    if (best === undefined || best.readers === 0) return best
    return candidates.length < maxPerVolume && this.#ports.free > 0 ? undefined : best
  }

  #start(root: string, device: string): Shared {
    const deed = { kind: "read", volume: this.#host.underWay.anchorOf(device) } as const
    const open = async () => {
      try {
        const start = (received: Received) => openSession(this.#host, "sftp", [root], { deed, received })
        const channel = await SftpChannel.open(start)
        void channel.closed.then(() => this.#open.delete(shared))
        return channel
      } catch (error) {
        this.#open.delete(shared)
        throw error
      }
    }
    const shared: Shared = { root, channel: open(), readers: 0, lastUsed: 0 }
    shared.channel.catch(() => undefined) // told to each reader
    this.#open.add(shared)
    return shared
  }

  /** Closes the idle session that was not used for the longest time: its port goes to whoever waits. */
  #closeIdle(): void {
    const [oldest] = [...this.#open].filter(({ readers }) => readers === 0).sort((a, b) => a.lastUsed - b.lastUsed)
    if (oldest === undefined) return
    this.#open.delete(oldest)
    void oldest.channel.then((channel) => channel.close())
  }
}
