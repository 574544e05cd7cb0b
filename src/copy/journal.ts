import { constants } from "node:fs"
import { type FileHandle, open, unlink } from "node:fs/promises"
import { RecoveryError } from "../api/reasons.ts"
import { percentEncode } from "../files/names.ts"
import { type Counts, Ledger, type Partial, type Placed } from "./ledger.ts"
import { lock } from "./lock.ts"

const key = (path: Buffer) => percentEncode(path, "/")
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants

/**
 * What one copy has done so far, in a file next to what it copies: a line per step (see Ledger), synced before that step
 * can be seen. A line without its end was written by a pod that died of it and counts as absent.
 */
export class Journal {
  readonly #file: FileHandle
  readonly #path: Buffer
  readonly #ledger = new Ledger()
  #isNew = true
  /** Lines are written one after the other, and one sync serves all that wait. */
  #writing: Promise<void> = Promise.resolve()
  #waiting: string[] = []

  private constructor(file: FileHandle, path: Buffer) {
    this.#file = file
    this.#path = path
  }

  /**
   * Opens what a pod before has left, or begins. A pod that was deleted by force may still write, as its node has yet to hear
   * of it: it is waited for. When it comes to its end meanwhile, the journal loses its name, and says all the same.
   */
  static async open(path: Buffer, signal: AbortSignal, waiting: () => void): Promise<Journal> {
    const file = await open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
    const journal = new Journal(file, path)
    try {
      if (!(await file.stat()).isFile()) throw new RecoveryError("DestinationUnfit", "The journal's name is taken.")
      await lock(file, signal, waiting)
      await journal.#read()
    } catch (error) {
      await file.close()
      throw error
    }
    return journal
  }

  async #read(): Promise<void> {
    let whole = 0
    let rest = ""
    for await (const chunk of this.#file.createReadStream({ start: 0, autoClose: false, encoding: "latin1" })) {
      const lines = (rest + String(chunk)).split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) {
        this.#ledger.read(line)
        whole += line.length + 1
      }
    }
    await this.#file.truncate(whole)
    this.#isNew = whole === 0
  }

  /** No pod before has told it anything. */
  get isNew(): boolean {
    return this.#isNew
  }

  /** Of this pod and those before. */
  get counts(): Counts {
    return this.#ledger.counts
  }

  placed(path: Buffer): Placed | undefined {
    return this.#ledger.of(key(path)).placed
  }

  partial(path: Buffer): Partial | undefined {
    return this.#ledger.of(key(path)).partial
  }

  wasMade(path: Buffer): boolean {
    return this.#ledger.of(key(path)).made === true
  }

  isComplete(path: Buffer): boolean {
    return this.#ledger.of(key(path)).complete !== undefined
  }

  /** Before the rename. What comes of it is for the caller to see: the name with that inode, or not. */
  async place(path: Buffer, { name, inode, bytes }: Placed): Promise<void> {
    await this.#write(`F ${key(path)} ${percentEncode(name)} ${inode} ${bytes}`)
  }

  /** What was to be placed is not there under that name: it doesn't count. */
  forget(path: Buffer): void {
    this.#ledger.forget(key(path))
  }

  async reached(path: Buffer, { bytes, etag }: Partial): Promise<void> {
    await this.#write(`P ${key(path)} ${bytes} ${percentEncode(Buffer.from(etag))}`)
  }

  async made(path: Buffer): Promise<void> {
    await this.#write(`D ${key(path)}`)
  }

  /** `skipped`: what was left out right in this directory. */
  async complete(path: Buffer, skipped: number): Promise<void> {
    await this.#write(`E ${key(path)} ${skipped}`)
  }

  /** Takes it away: nothing is left to go on with. */
  async remove(): Promise<void> {
    await this.close()
    await unlink(this.#path)
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#file.close()
  }

  #write(line: string): Promise<void> {
    this.#waiting.push(line)
    this.#writing = this.#writing.then(() => this.#flush())
    return this.#writing
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting.splice(0)
    if (lines.length === 0) return
    await this.#file.appendFile(lines.map((one) => `${one}\n`).join(""))
    await this.#file.datasync()
    for (const one of lines) this.#ledger.read(one)
  }
}
